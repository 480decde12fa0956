import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../log.ts'
import type { Unwatch } from '../port.ts'
import { createWatchers } from '../watchers.ts'
import type { Clients } from './connect.ts'
import { answered } from './failure.ts'
import type { Layout } from './layout.ts'

export type Wakeups = {
  announce(channel: string, message: string): Promise<void>
  watch(channel: string, listener: (message: string) => void): Promise<Unwatch>
  end(): void
}

const HEARTBEAT_MS = 5_000
/** A watching connection that was cut is there again in a moment: so long whoever begins to watch waits for it. */
const PATIENCE_MS = 1500
const PAUSE_MS = 50

/** Announcing and watching by PUBLISH and SUBSCRIBE, subscribed again after each reconnection. */
export const createWakeups = (clients: Clients, layout: Layout, log: Log): Wakeups => {
  const { commands, watching } = clients
  const watchers = createWatchers(log)
  const subscribed = new Map<string, Promise<unknown>>()
  let ended = false

  const subscribe = (channel: string): Promise<unknown> => {
    const known = subscribed.get(channel)
    if (known !== undefined) return known
    const reply = answered(watching.subscribe(channel))
    subscribed.set(channel, reply)
    reply.catch(() => subscribed.delete(channel))
    return reply
  }
  const subscribeSoon = async (channel: string): Promise<void> => {
    const until = Date.now() + PATIENCE_MS
    for (;;) {
      try {
        await subscribe(channel)
        return
      } catch (error) {
        if (ended || Date.now() >= until) throw error
        await sleep(PAUSE_MS)
      }
    }
  }
  const unsubscribe = async (channel: string): Promise<void> => {
    if (watchers.has(channel) || !subscribed.delete(channel)) return
    await answered(watching.unsubscribe(channel)).catch(() => {})
  }
  const again = (): void => {
    const channels = [...subscribed.keys()]
    if (channels.length === 0) return
    answered(watching.subscribe(...channels)).catch(() => {
      // After the end this would connect once more, and for ever.
      if (!ended) watching.disconnect(true)
    })
  }
  // A watching connection says nothing by itself, so a dead one would go unnoticed.
  const beat = setInterval(() => {
    if (watching !== commands && watching.status === 'ready') watching.ping().catch(() => {})
  }, HEARTBEAT_MS).unref()

  watching.on('ready', again)
  watching.on('message', (channel: string, message: string) => watchers.tell(channel, message))

  return {
    async announce(name, message) {
      await answered(commands.publish(layout.channel(name), message))
    },
    async watch(name, listener) {
      const channel = layout.channel(name)
      const remove = watchers.add(channel, listener)
      try {
        await subscribeSoon(channel)
      } catch (error) {
        remove()
        throw error
      }
      return async () => {
        if (remove()) await unsubscribe(channel)
      }
    },
    end() {
      ended = true
      clearInterval(beat)
      watchers.clear()
      subscribed.clear()
    },
  }
}
