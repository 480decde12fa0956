import type { ProjectId, UserId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Key, Store } from '../store/port.ts'
import { createLines } from './lines.ts'

/** Wrong tries that an account has in a window of time, and what makes it less. */
export type BudgetLimits = {
  readonly perAccount: number
  /** An address that only fails: accounts there that have failed, too, have none. */
  readonly perAddress: number
  /** Wrong tries of all accounts of a project, at devices that were named, and by a code alone (which may find any). */
  readonly perProject: { readonly named: number; readonly byCode: number }
  /** What an account has while a project has more than that. */
  readonly whileAttacked: number
  readonly windowMs: number
}

/** 20 guesses per account in ten minutes: research/security.md 5.1; CONTRACT 6 promises 5 at least. */
export const BUDGET_LIMITS: BudgetLimits = {
  perAccount: 20,
  perAddress: 200,
  perProject: { named: 10_000, byCode: 2000 },
  whileAttacked: 5,
  windowMs: 600_000,
}

/** Who tries. `address` is the client's IP, an IPv6 one cut to its /64. */
export type Guesser = {
  readonly project: ProjectId
  readonly user: UserId
  readonly address: string
  /** No device was named: the code alone says which. */
  readonly isByCode: boolean
}

/** Which limit holds: what the numbers of an operator say. */
export type BudgetRule =
  | 'wrong claims of one account'
  | 'wrong claims from one address'
  | 'wrong claims in one project'
  | 'claims at once of one account'

/** A place in front of the engine; exactly one of the endings must be called. */
export type Turn =
  | {
      readonly granted: true
      wrong(): Promise<void>
      /** Refused, but not for a wrong try: costs nothing, and takes as long as one. */
      spared(): Promise<void>
      done(): void
    }
  | {
      readonly granted: false
      readonly rule: BudgetRule
      readonly retryAfterMs: number
      readonly recorded: boolean
    }

const LONGEST_LINE = 1000

/**
 * Wrong tries cost the guesser and nobody else: the account first, its address and project only on top of failures of
 * that account, never the device or its window. So who comes with the right secret is let in at his first try, whatever
 * others do. No more tries are let in at once than may still go wrong, so a burst of parallel guesses gains nothing.
 */
export const createBudget = (store: Store, limits: BudgetLimits = BUDGET_LIMITS) => {
  const lines = createLines(LONGEST_LINE)
  const { windowMs, perAccount, perAddress, perProject, whileAttacked } = limits

  const enter = async ({ project, user, address, isByCode }: Guesser): Promise<Turn> => {
    const account = keys.budget(project, `wrong-by:${user}`)
    const network = keys.budget(project, `wrong-from:${address}`)
    const everybody = keys.budget(project, isByCode ? 'wrong-codes-in' : 'wrong-in')
    const mostInProject = isByCode ? perProject.byCode : perProject.named

    const look = async () => {
      const own = await store.count(account, windowMs, 0)
      const rule: BudgetRule = 'wrong claims of one account'
      // Nobody else is asked about as long as the account has not failed.
      if (own.count === 0) return { left: perAccount, rule, resetInMs: own.resetInMs }
      const [shared, all] = await Promise.all([
        store.count(network, windowMs, 0),
        store.count(everybody, windowMs, 0),
      ])
      const resetInMs = Math.max(own.resetInMs, shared.resetInMs)
      if (shared.count >= perAddress)
        return { left: 0, rule: 'wrong claims from one address' as const, resetInMs }
      if (all.count >= mostInProject && own.count < perAccount)
        return {
          left: whileAttacked - own.count,
          rule: 'wrong claims in one project' as const,
          resetInMs,
        }
      return { left: perAccount - own.count, rule, resetInMs }
    }

    const entry = await lines.enter(account, look)
    switch (entry.kind) {
      case 'full': {
        const rule = 'claims at once of one account'
        return { granted: false, rule, retryAfterMs: 1000, recorded: false }
      }
      case 'none-left': {
        const { rule, resetInMs } = entry.look
        const told = await store.count(account, windowMs, 1)
        const recorded = told.count <= 2 * perAccount
        return { granted: false, rule, retryAfterMs: Math.max(resetInMs, 1000), recorded }
      }
      case 'in': {
        const count = async (counters: readonly Key[]) => {
          try {
            await Promise.all(counters.map((counter) => store.count(counter, windowMs, 1)))
          } finally {
            entry.leave()
          }
        }
        return {
          granted: true,
          wrong: () => count([account, network, everybody]),
          // research/security.md S66: nobody reads these.
          spared: () =>
            count(
              ['by', 'from', 'in'].map((what) => keys.budget(project, `spared-${what}:${user}`)),
            ),
          done: entry.leave,
        }
      }
    }
  }

  return { enter }
}

export type Budget = ReturnType<typeof createBudget>
