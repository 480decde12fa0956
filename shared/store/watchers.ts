import type { Log } from '../log.ts'

/** Who listens to which channel on this node. */
export type Watchers = {
  /** Adds a listener; the answer removes it and says whether it was the last of its channel. Idempotent. */
  add(channel: string, listener: (message: string) => void): () => boolean
  /** Calls the listeners of a channel, each in its own turn of the loop. */
  tell(channel: string, message: string): void
  has(channel: string): boolean
  clear(): void
}

/** An empty set of watchers. A listener that throws is logged and harms no other. */
export const createWatchers = (log: Log): Watchers => {
  const channels = new Map<string, Set<{ listener: (message: string) => void }>>()
  return {
    add(channel, listener) {
      const watcher = { listener }
      const set = channels.get(channel) ?? new Set()
      channels.set(channel, set.add(watcher))
      return () => {
        const was = set.delete(watcher)
        const last = was && set.size === 0 && channels.get(channel) === set
        if (last) channels.delete(channel)
        return last
      }
    },
    tell(channel, message) {
      const set = channels.get(channel)
      for (const watcher of set ?? [])
        setImmediate(() => {
          if (set?.has(watcher)) call(watcher.listener, message, log)
        })
    },
    has: (channel) => channels.has(channel),
    clear() {
      for (const set of channels.values()) set.clear()
      channels.clear()
    },
  }
}

const call = (listener: (message: string) => void, message: string, log: Log): void => {
  try {
    listener(message)
  } catch (error) {
    log.error({ err: error }, 'a watcher of the store threw')
  }
}
