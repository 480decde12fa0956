import type { Log } from '../log.ts'
import type { ProjectId } from '../model/ids.ts'
import { NODE_TTL_MS } from '../registry/presences.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readMany } from '../store/transact.ts'

/** How many devices of a project a node has connected, and until when that counts. */
type Held = { readonly count: number; readonly expiresAt: number }

type RollCallOptions = {
  readonly store: Store
  /** The node, and how its devices are connected. */
  readonly holder: string
  readonly now: () => number
  readonly log: Log
  readonly held: () => Iterable<{ readonly project: ProjectId }>
}

const CALL_MS = 2000
const MOST_HOLDERS = 500

/** Says how many devices of each project are connected here, whenever that has changed. The answer ends it. */
export const createRollCall = ({ store, holder, now, log, held }: RollCallOptions) => {
  const told = new Map<ProjectId, Held>()

  const tell = async (project: ProjectId, count: number): Promise<void> => {
    const key = keys.connected(project, holder)
    const member = [{ index: keys.connectedBy(project), member: holder }]
    if (count === 0) {
      await store.commit({ remove: [key], drop: member })
      told.delete(project)
      return
    }
    const said: Held = { count, expiresAt: now() + NODE_TTL_MS }
    await store.commit({ put: [put(key, said, said.expiresAt)], add: member })
    told.set(project, said)
  }

  const call = async (): Promise<void> => {
    const counts = new Map<ProjectId, number>([...told.keys()].map((project) => [project, 0]))
    for (const { project } of held()) counts.set(project, (counts.get(project) ?? 0) + 1)
    for (const [project, count] of counts) {
      const said = told.get(project)
      const isFresh = said !== undefined && now() < said.expiresAt - NODE_TTL_MS / 2
      if (said?.count !== count || !isFresh) await tell(project, count)
    }
  }

  let calling: Promise<void> | undefined
  const timer = setInterval(() => {
    calling ??= call()
      .catch((cause: unknown) => log.debug({ err: cause }, 'a roll call waits for the store'))
      .finally(() => {
        calling = undefined
      })
  }, CALL_MS)
  timer.unref()
  return async (): Promise<void> => {
    clearInterval(timer)
    await calling
    for (const project of [...told.keys()]) await tell(project, 0).catch(() => undefined)
  }
}

/** How many devices of a project are connected, as of some seconds ago, on all nodes that live. */
export const countConnected = async (
  store: Store,
  project: ProjectId,
  now: number,
): Promise<number> => {
  const holders = await store.list(keys.connectedBy(project), { limit: MOST_HOLDERS })
  const records = await readMany<Held>(
    store,
    holders.map((holder) => keys.connected(project, holder)),
  )
  const over = holders.filter((_, place) => now >= (records[place]?.value?.expiresAt ?? 0))
  // A node that died has not said goodbye.
  if (over.length > 0)
    await store.commit({
      drop: over.map((member) => ({ index: keys.connectedBy(project), member })),
    })
  return records.reduce(
    (sum, { value }) => sum + (value !== undefined && now < value.expiresAt ? value.count : 0),
    0,
  )
}
