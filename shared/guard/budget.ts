import type { ProjectId, UserId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { createLines } from './lines.ts'

/** Wrong tries an account has in a window of time, and an address that only fails. */
export type BudgetLimits = {
  readonly perAccount: number
  readonly perAddress: number
  readonly windowMs: number
}

/** 20 guesses per account in ten minutes: research/security.md 5.1. */
export const BUDGET_LIMITS: BudgetLimits = {
  perAccount: 20,
  perAddress: 200,
  windowMs: 600_000,
}

/** Who tries. `address` is the client's IP, an IPv6 one cut to its /64. */
export type Guesser = {
  readonly project: ProjectId
  readonly user: UserId
  readonly address: string
}

/** A place in front of the engine; exactly one of the endings must be called. */
export type Turn =
  | { readonly granted: true; wrong(): Promise<void>; done(): void }
  | { readonly granted: false; readonly retryAfterMs: number; readonly recorded: boolean }

const LONGEST_LINE = 1000

/**
 * Wrong tries cost the guesser and nobody else: the account first, its address only on top of failures of
 * that account, never the device or its window. No more tries are let in at once than may still go
 * wrong, so a burst of parallel guesses gains nothing.
 */
export const createBudget = (store: Store, limits: BudgetLimits = BUDGET_LIMITS) => {
  const lines = createLines(LONGEST_LINE)

  const enter = async ({ project, user, address }: Guesser): Promise<Turn> => {
    const account = keys.budget(project, `wrong-by:${user}`)
    const network = keys.budget(project, `wrong-from:${address}`)
    const look = async () => {
      const own = await store.count(account, limits.windowMs, 0)
      const shared = own.count === 0 ? own : await store.count(network, limits.windowMs, 0)
      const left = shared.count >= limits.perAddress ? 0 : limits.perAccount - own.count
      return { left, resetInMs: Math.max(own.resetInMs, shared.resetInMs) }
    }
    const entry = await lines.enter(account, look)
    switch (entry.kind) {
      case 'full':
        return { granted: false, retryAfterMs: 1000, recorded: false }
      case 'none-left': {
        const told = await store.count(account, limits.windowMs, 1)
        const retryAfterMs = Math.max(entry.look.resetInMs, 1000)
        return { granted: false, retryAfterMs, recorded: told.count <= 2 * limits.perAccount }
      }
      case 'in':
        return {
          granted: true,
          wrong: async () => {
            try {
              await Promise.all([
                store.count(account, limits.windowMs, 1),
                store.count(network, limits.windowMs, 1),
              ])
            } finally {
              entry.leave()
            }
          },
          done: () => entry.leave(),
        }
    }
  }

  return { enter }
}

export type Budget = ReturnType<typeof createBudget>
