import { createLines } from '../guard/lines.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import { keys } from '../store/keys.ts'
import type { CodeLimits } from './code-odds.ts'
import type { Code } from './code-text.ts'
import type { EngineContext } from './context.ts'

/** Unknown codes that a device may bring in a window of time: research/security.md 5.1. */
export const WRONG_CODES = { perDevice: 20, windowMs: 600_000 } as const

const DAY_MS = 86_400_000
const LONGEST_LINE = 100
const BY_DEVICE = 'unknown claim codes of one device'

/** A look-up that may be made; one of the endings must be called. */
export type Guess = { readonly isGranted: true; wrong(): Promise<void>; done(): void }

/**
 * What a guesser may cost: a device that brings unknown codes is stopped by itself, and nobody else is; and a project looks up
 * so many native codes a day and no more, so that the odds of `code-odds.ts` hold however many devices guess.
 */
export const createGuesses = ({ store, metrics }: EngineContext, limits: CodeLimits) => {
  const lines = createLines(LONGEST_LINE)

  const tooMany = (rule: string, resetInMs: number): Refused => {
    metrics.limited(rule)
    return { ...refused('too-many-attempts', true), retryAfterMs: Math.max(1000, resetInMs) }
  }

  const enter = async (
    project: ProjectId,
    device: DeviceId,
    { form }: Code,
  ): Promise<Guess | Refused> => {
    const wrongs = keys.budget(project, `wrong-codes:${device}`)
    const look = async () => {
      const { count, resetInMs } = await store.count(wrongs, WRONG_CODES.windowMs, 0)
      return { left: WRONG_CODES.perDevice - count, resetInMs }
    }
    const entry = await lines.enter(wrongs, look)
    if (entry.kind === 'full') return tooMany(BY_DEVICE, 0)
    if (entry.kind === 'none-left') return tooMany(BY_DEVICE, entry.look.resetInMs)
    const wrong = async () => {
      try {
        await store.count(wrongs, WRONG_CODES.windowMs, 1)
      } finally {
        entry.leave()
      }
    }
    const guess: Guess = { isGranted: true, wrong, done: () => entry.leave() }
    if (form !== 'native') return guess
    try {
      const lookups = await store.count(keys.budget(project, 'code-lookups'), DAY_MS, 1)
      if (lookups.count <= limits.codeLookupsPerDay) return guess
      entry.leave()
      return tooMany('claim codes looked up in a day', lookups.resetInMs)
    } catch (cause) {
      entry.leave()
      throw cause
    }
  }

  /** Counts one more native code. Two windows of `ttlMs` can be open together, so each may have half of them. */
  const countCode = async (project: ProjectId, ttlMs: number): Promise<Refused | undefined> => {
    const made = await store.count(keys.budget(project, 'codes-made'), ttlMs, 1)
    if (made.count <= limits.openCodes / 2) return undefined
    return tooMany('open claim codes', made.resetInMs)
  }

  return { enter, countCode }
}

export type Guesses = ReturnType<typeof createGuesses>
