import type { Log } from '../log.ts'
import { NODE_TTL_MS } from '../registry/presences.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put } from '../store/transact.ts'

type HeartbeatOptions = {
  readonly store: Store
  readonly node: string
  readonly now: () => number
  readonly log: Log
}

/** Says that this node lives: what it holds counts as connected only as long as it does. The answer ends it. */
export const createHeartbeat = async ({ store, node, now, log }: HeartbeatOptions) => {
  const key = keys.node(node)
  const beat = async () => {
    const expiresAt = now() + NODE_TTL_MS
    await store.commit({ put: [put(key, { expiresAt }, expiresAt)] })
  }
  await beat()
  const timer = setInterval(() => {
    beat().catch((cause: unknown) => log.debug({ err: cause }, 'a heart-beat was missed'))
  }, NODE_TTL_MS / 3)
  timer.unref()
  return async (): Promise<void> => {
    clearInterval(timer)
    await store.commit({ remove: [key] }).catch(() => undefined)
  }
}
