import { randomUUID } from 'node:crypto'
import { createDeviceEvents } from '../dialects/mode-events.ts'
import type { Registry } from '../registry/index.ts'
import { startRounds } from './rounds.ts'
import { createTeller, type TellerOptions } from './teller.ts'

export type WebhooksOptions = Omit<TellerOptions, 'events' | 'node' | 'signal'> & {
  readonly registry: Registry
}

/** At the end, what is under way has this long. */
const FINISH_MS = 3000

/** Tells webhooks on this node, from now on. Any number of nodes may. Answers its end. */
export const startWebhooks = async (options: WebhooksOptions): Promise<() => Promise<void>> => {
  const { store, log, now, registry } = options
  const hurry = new AbortController()
  const events = createDeviceEvents(registry)
  const node = randomUUID()
  const { turn } = createTeller({ ...options, events, node, signal: hurry.signal })
  const end = await startRounds({ store, log, now, turn })
  return async () => {
    const late = setTimeout(() => hurry.abort(), FINISH_MS)
    await end()
    clearTimeout(late)
  }
}
