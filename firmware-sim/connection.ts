import { connect, type MqttClient } from 'mqtt'
import { Refused, Unreachable, wordsOf } from './failure.ts'
import type { Message } from './platforms/platform.ts'

/** Where and as whom to connect. The token is the MQTT user name; MQTT needs no password here. */
export type Dial = {
  readonly url: string
  readonly token: string
  /** Without a user name: the token stands in the topics, and is wrong where they are not granted. */
  readonly isAnonymous?: boolean | undefined
  /** 4 is MQTT 3.1.1, 5 is MQTT 5. */
  readonly protocol: 4 | 5
  readonly clientId: string
  readonly subscriptions: readonly string[]
  readonly onMessage: (topic: string, payload: string) => void
}

/** One MQTT connection, from CONNECT to its end. */
export type Connection = {
  /** Subscriptions that the broker did not grant. */
  readonly denied: readonly string[]
  /** Settles when the connection has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Resolves at the PUBACK; rejects with `Refused` (v5 reason code) or `Unreachable` (connection lost). */
  readonly publish: (message: Message) => Promise<void>
  readonly close: () => Promise<void>
}

const CONNECT_TIMEOUT_MS = 10_000

// Return codes of 3.1.1 and reason codes of 5 that mean: these credentials will never do.
const HOPELESS: ReadonlySet<unknown> = new Set([1, 2, 4, 5, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c])

const codeOf = (error: Error): unknown => ('code' in error ? error.code : undefined)

const connected = (client: MqttClient, url: string): Promise<void> =>
  new Promise((resolve, reject) => {
    // Only the host: an address may carry a password.
    const { host } = new URL(url)
    client.once('connect', () => resolve())
    client.on('error', (error) => {
      const words = `${host}: ${wordsOf(error)}`
      reject(HOPELESS.has(codeOf(error)) ? new Refused(words) : new Unreachable(words))
    })
    client.once('close', () => reject(new Unreachable(`${host}: closed before CONNACK`)))
  })

const subscribed = (client: MqttClient, topics: readonly string[]): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    if (topics.length === 0) return resolve([])
    client.subscribe([...topics], { qos: 1 }, (error, _grants, suback) => {
      if (!suback) return reject(new Unreachable(`no SUBACK: ${wordsOf(error)}`))
      const granted = suback.granted as readonly number[]
      resolve(topics.filter((_topic, index) => (granted[index] ?? 0x80) >= 0x80))
    })
  })

const publisher = (client: MqttClient, ended: Promise<void>) => {
  const waiting = new Set<(error: Error) => void>()
  const lost = () => new Unreachable('connection lost before PUBACK')
  void ended.then(() => {
    for (const reject of waiting) reject(lost())
  })
  const publish = ({ topic, payload }: Message): Promise<void> =>
    new Promise((resolve, reject) => {
      if (!client.connected) return reject(lost())
      waiting.add(reject)
      client.publish(topic, payload, { qos: 1 }, (error) => {
        waiting.delete(reject)
        if (!error) return resolve()
        reject(codeOf(error) === undefined ? lost() : new Refused(wordsOf(error)))
      })
    })
  // With a PUBACK outstanding, mqtt.js would wait for it for ever: then the socket is simply closed.
  const close = async () => {
    await client.endAsync(waiting.size > 0)
  }
  return { publish, close }
}

/** Connects and subscribes, once. Rejects with `Refused` when the credentials will never do, else `Unreachable`. */
export const dial = async (options: Dial): Promise<Connection> => {
  const client = connect(options.url, {
    ...(options.isAnonymous ? {} : { username: options.token }),
    clientId: options.clientId,
    protocolVersion: options.protocol,
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
  })
  const ended = new Promise<void>((resolve) => {
    client.once('close', () => resolve())
  })
  client.on('message', (topic, payload) => options.onMessage(topic, payload.toString()))
  try {
    await connected(client, options.url)
    const denied = await subscribed(client, options.subscriptions)
    if (options.isAnonymous && denied.length > 0) throw new Refused('the token is not known')
    return { denied, ended, ...publisher(client, ended) }
  } catch (error) {
    await client.endAsync(true)
    throw error
  }
}
