import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Connection, dial } from '../firmware-sim/connection.ts'
import { Refused } from '../firmware-sim/failure.ts'
import { within } from '../firmware-sim/within.ts'
import type { Client } from './asking.ts'

/** The connection of a device, which comes back whenever it is lost, to whatever broker is there. */
export type Link = {
  /** QoS 1. `done` at the PUBACK; `unsent` without a connection; `lost` when the PUBACK did not come. */
  readonly publish: (topic: string, payload: unknown) => Promise<'done' | 'unsent' | 'lost'>
  readonly close: () => Promise<void>
}

const PUBACK_MS = 7_000
const RETRY_MS = 150

type Options = {
  readonly client: Client
  readonly token: string
  readonly subscriptions: readonly string[]
  readonly onMessage: (topic: string, payload: string) => void
}

/** Opens a link. Answers at once: the connection comes when it can. */
export const openLink = (options: Options): Link => {
  const { client, token, subscriptions, onMessage } = options
  const { system, random, recorder } = client
  const clientId = `faults-${randomBytes(8).toString('hex')}`
  let connection: Connection | undefined
  let isClosing = false

  const keep = async () => {
    while (!isClosing) {
      const port = system.mqtt(random)
      try {
        if (port === undefined) throw new Error('no broker is up')
        const url = `mqtt://127.0.0.1:${port}`
        connection = await dial({ url, token, protocol: 4, clientId, subscriptions, onMessage })
        if (isClosing) await connection.close()
        await connection.ended
      } catch (error) {
        // A good credential that is refused: a broker that cannot ask its store says 3, and that is not this.
        if (error instanceof Refused) recorder.saw('alive', `${client.name}: ${error.message}`)
      }
      connection = undefined
      if (!isClosing) await sleep(random.between(RETRY_MS / 2, RETRY_MS))
    }
  }
  const kept = keep()

  return {
    async publish(topic, payload) {
      const used = connection
      if (used === undefined) return 'unsent'
      try {
        const sent = used.publish({ topic, payload: JSON.stringify(payload) })
        await within(PUBACK_MS, 'PUBACK', sent)
        return 'done'
      } catch {
        await used.close().catch(() => undefined)
        return 'lost'
      }
    },
    async close() {
      isClosing = true
      await connection?.close().catch(() => undefined)
      await kept
    },
  }
}
