import type { ProjectId, UserId } from '../model/ids.ts'
import type { Refused } from '../model/outcomes.ts'
import type { Link } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { readMany } from '../store/transact.ts'
import type { EngineContext } from './context.ts'
import { createOpenHalves, type OpenHalf } from './open-halves.ts'

/** How many link ids an account waits on at once: bounded by policy. */
export const createOpenLinks = (context: EngineContext) => {
  const { store, now } = context
  const openHalves = createOpenHalves(context)

  /** Those that the account still waits on. What was linked or contested meanwhile does not count. */
  const stillOpen = async (
    project: ProjectId,
    user: UserId,
    links: readonly OpenHalf[],
  ): Promise<OpenHalf[]> => {
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
  const room = (
    project: ProjectId,
    user: UserId,
    digest: string,
    most: number,
    { expiresAt }: Link,
  ): Promise<Change | Refused> =>
    openHalves.room({
      key: keys.openLinks(project, user),
      half: { digest, expiresAt },
      most,
      stillOpen: (links) => stillOpen(project, user, links),
    })

  return { room }
}
