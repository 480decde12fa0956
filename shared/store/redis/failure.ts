import { StoreDown } from '../../errors.ts'
import { within } from '../within.ts'

/** The first word of an error reply (`WRONGTYPE`, `NOSCRIPT`, …), if Redis itself said it. */
export const replyCode = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError'
    ? /^[A-Z]+/.exec(error.message)?.[0]
    : undefined

/**
 * Why something failed, fit for a log: of a reply its first word only, because the rest may name a key.
 */
export const reasonOf = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (typeof code === 'string') return code
  if (!(error instanceof Error)) return 'unknown'
  return error.name === 'ReplyError' ? (replyCode(error) ?? 'ERR') : error.message
}

/**
 * Any failure of a command as an outage. The error is not kept as cause: ioredis hangs the
 * whole command on it, keys and values.
 */
export const down = (error: unknown): StoreDown =>
  error instanceof StoreDown ? error : new StoreDown(`redis: ${reasonOf(error)}`)

/** The answer of Redis, in time, or `StoreDown`. */
export const answered = async <T>(reply: Promise<T>): Promise<T> => {
  try {
    return await within(reply, 'redis')
  } catch (error) {
    throw down(error)
  }
}
