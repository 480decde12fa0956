import { Refused, Unreachable, WrongUsage } from './command.ts'

type Fault = Error & { readonly kind: 'wrong' | 'refused' | 'down' }

const KINDS = { wrong: WrongUsage, refused: Refused, down: Unreachable } as const

const isFault = (error: unknown): error is Fault =>
  error instanceof Error && 'kind' in error && Object.hasOwn(KINDS, String(error.kind))

/** Work on the store itself: what went wrong there ends the command like what a server refuses. */
export const operated = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!isFault(error)) throw error
    throw new KINDS[error.kind](error.message)
  }
}
