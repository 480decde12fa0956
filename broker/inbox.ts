import type { DeviceId } from '../shared/model/ids.ts'
import { INBOX_CHANNEL } from '../shared/registry/values.ts'
import type { Connection } from './connection.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'

/** A wake-up may be lost: so many of those who listen are looked at this often. */
const SWEEP_MS = 2000
const SWEEP_AT_ONCE = 200

type Options = {
  readonly context: BrokerContext
  readonly dialects: readonly MqttDialect[]
  readonly holdersOf: (device: DeviceId) => readonly Connection[]
  /** Every connection here. */
  readonly all: () => readonly Connection[]
}

/** Tells the dialects when something may have come for a device that listens. */
export const createInbox = ({ context, dialects, holdersOf, all }: Options) => {
  const { store, log } = context
  const listeners = dialects.flatMap(({ onInbox }) => onInbox ?? [])

  const look = async (connection: Connection): Promise<void> => {
    if (connection.inboxPlace === undefined || connection.client.closed) return
    for (const listener of listeners) await listener(context, connection)
  }

  const lookLater = (connection: Connection): void => {
    look(connection).catch((cause: unknown) => {
      log.debug({ device: connection.device, err: cause }, 'an inbox waits for the store')
    })
  }

  const start = async (): Promise<() => Promise<void>> => {
    if (listeners.length === 0) return async () => undefined
    const unwatch = await store.watch(INBOX_CHANNEL, (device) => {
      for (const connection of holdersOf(device as DeviceId)) lookLater(connection)
    })
    let turn: readonly Connection[] = []
    const timer = setInterval(() => {
      if (turn.length === 0) turn = all().filter(({ inboxPlace }) => inboxPlace !== undefined)
      for (const connection of turn.slice(0, SWEEP_AT_ONCE)) lookLater(connection)
      turn = turn.slice(SWEEP_AT_ONCE)
    }, SWEEP_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await unwatch()
    }
  }

  return { start }
}
