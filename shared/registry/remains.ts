import { happened } from '../delivery/feed.ts'
import { droppedFor } from '../delivery/queue.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { joined } from '../store/transact.ts'
import { SCOPES } from './attributes.ts'
import type { RegistryContext } from './context.ts'
import { keyValuesGone } from './key-value.ts'

const DAY_MS = 86_400_000
/** How long the story of a device that is gone stays, ms. */
const STORY_TTL_MS = 7 * DAY_MS
const HISTORY_KEEP = 1000
/** More commands than a device can have waiting. */
const MOST_COMMANDS = 500

/**
 * Everything that hangs on a device and ends with it, as part of the commit that ends it. Its logs end by themselves; its
 * history gets an end.
 */
export const remainsOf = async (context: RegistryContext, device: Device): Promise<Change> => {
  const { store, now, newId } = context
  const { project, id, owner: home, epoch, name } = device
  const at = now()
  const history = keys.history(project, id)
  const [story, waiting, dropped, keyValues] = await Promise.all([
    store.last(history, 1),
    store.list(keys.commands(project, id), { limit: MOST_COMMANDS }),
    home && droppedFor(context, { project, device: id, former: home, after: undefined }),
    keyValuesGone(context, project, id),
  ])
  const closing = { log: history, item: JSON.stringify({ at, type: 'removed', epoch }) }
  return joined(keyValues, dropped ?? {}, {
    remove: [
      keys.resources(project, id),
      ...SCOPES.map((scope) => keys.attributes(project, id, scope)),
    ],
    drop: waiting.map((member) => ({ index: keys.commands(project, id), member })),
    append: [
      ...(story.length === 0 ? [] : [{ ...closing, keep: HISTORY_KEEP, ttlMs: STORY_TTL_MS }]),
      ...(home === undefined
        ? []
        : happened(
            project,
            { at, type: 'device.released', device: id, epoch, home, data: { name, removed: true } },
            newId(),
          )),
    ],
  })
}
