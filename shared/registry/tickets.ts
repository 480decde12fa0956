import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId, UserId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { Sessions, SignedIn } from './sessions.ts'

/** How long a ticket waits to be used, ms. */
export const TICKET_TTL_MS = 60_000

type Ticket = {
  readonly project: ProjectId
  readonly user: UserId
  readonly session: string
  readonly generation: number
  readonly expiresAt: number
}

/**
 * Tickets for what cannot send a header (a browser's WebSocket and EventSource): they stand in an URL, so each is good once,
 * for a minute, and never longer than the session that asked for it.
 */
export const createTickets = (
  { store, now }: RegistryContext,
  sessions: Pick<Sessions, 'resume'>,
  newSecret: () => string,
) => {
  const issue = async ({ user, session }: SignedIn) => {
    const ticket = newSecret()
    const expiresAt = now() + TICKET_TTL_MS
    const record: Ticket = {
      project: user.project,
      user: user.id,
      session: session.id,
      generation: user.generation,
      expiresAt,
    }
    await store.commit({ put: [put(keys.ticket(lookupDigest(ticket)), record, expiresAt)] })
    return { ticket, expiresAt }
  }

  /** Who comes with a ticket. Of many at once exactly one. `undefined`: nobody. */
  const redeem = async (ticket: string): Promise<SignedIn | undefined> => {
    const key = keys.ticket(lookupDigest(ticket))
    const used = await transact<Ticket | undefined>(store, async () => {
      const present = await readOne<Ticket>(store, key)
      if (present.value === undefined) return { result: undefined }
      return {
        result: present.value,
        change: { expect: [unchanged(present)], remove: [key] },
      }
    })
    return used === undefined || now() >= used.expiresAt ? undefined : sessions.resume(used)
  }

  return { issue, redeem }
}

export type Tickets = ReturnType<typeof createTickets>
