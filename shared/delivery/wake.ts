import type { ProjectId } from '../model/ids.ts'
import type { DeliveryContext } from './context.ts'
import { FEED_CHANNEL } from './feed.ts'

/** Events that come in so short a time share one wake-up, ms. */
const TOGETHER_MS = 10

/** Tells the nodes that a project's feed has grown: at once, then at most once in a while. */
export const createFeedWake = ({ store, log }: Pick<DeliveryContext, 'store' | 'log'>) => {
  const resting = new Map<ProjectId, 'told' | 'grown'>()

  const tell = (project: ProjectId): void => {
    if (resting.has(project)) {
      resting.set(project, 'grown')
      return
    }
    resting.set(project, 'told')
    store.announce(FEED_CHANNEL, project).catch((cause: unknown) => {
      log.debug({ err: cause }, 'a wake-up was lost; the feed still has the event')
    })
    const rested = () => {
      const hasGrown = resting.get(project) === 'grown'
      resting.delete(project)
      if (hasGrown) tell(project)
    }
    setTimeout(rested, TOGETHER_MS).unref()
  }

  return tell
}
