import type { ProjectId, UserId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { Link } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { put, readMany, readOne, unchanged } from '../store/transact.ts'
import type { EngineContext } from './context.ts'

type OpenLink = { readonly digest: string; readonly expiresAt: number }

/** How many link ids an account waits on at once: bounded by policy, so that nobody can sit on them all. */
export const createOpenLinks = ({ store, now }: EngineContext) => {
  /** Those that the account still waits on. What was linked or contested meanwhile does not count. */
  const stillOpen = async (
    project: ProjectId,
    user: UserId,
    links: readonly OpenLink[],
  ): Promise<OpenLink[]> => {
    const records = await readMany<Link>(
      store,
      links.map(({ digest }) => keys.link(project, digest)),
    )
    return links.filter((_, place) => {
      const link = records[place]?.value
      return link?.state === 'waiting' && link.account?.user === user && now() < link.expiresAt
    })
  }

  /** The change that takes a place for one more, or the refusal when there is none. */
  const room = async (
    project: ProjectId,
    user: UserId,
    digest: string,
    most: number,
    { expiresAt }: Link,
  ): Promise<Change | Refused> => {
    const present = await readOne<OpenLink[]>(store, keys.openLinks(project, user))
    let links = (present.value ?? []).filter(
      (link) => now() < link.expiresAt && link.digest !== digest,
    )
    if (links.length >= most) links = await stillOpen(project, user, links)
    if (links.length >= most) {
      const first = Math.min(...links.map((link) => link.expiresAt))
      return { ...refused('too-many-attempts', true), retryAfterMs: Math.max(1000, first - now()) }
    }
    const after = [...links, { digest, expiresAt }]
    const last = Math.max(...after.map((link) => link.expiresAt))
    return { expect: [unchanged(present)], put: [put(present.key, after, last)] }
  }

  return { room }
}
