import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'

/** A real MQTT client with a memory: what came on each topic can be awaited in order. */
export type TestDevice = {
  readonly client: MqttClient
  /** The next message on a topic that was not taken yet, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: a test may look at any member of a message
  readonly next: (topic: string, ms?: number) => Promise<any>
  /** The same as it came. */
  readonly nextText: (topic: string, ms?: number) => Promise<string>
  readonly publish: (topic: string, body: unknown) => Promise<unknown>
  readonly closed: Promise<void>
  readonly end: () => Promise<void>
}

/** What `connectAsync` does, but a refused client is ended and keeps nothing alive. */
const connected = (url: string, options: IClientOptions): Promise<MqttClient> =>
  new Promise((resolve, reject) => {
    const client = mqtt.connect(url, options)
    const fail = (error: Error) => {
      client.end(true)
      reject(error)
    }
    client.once('connect', () => {
      client.off('close', closed)
      resolve(client)
    })
    const closed = () => fail(new Error('closed before it was connected'))
    client.once('error', fail)
    client.once('close', closed)
  })

/** Connects with a credential and subscribes; throws what the broker refuses. */
export const connectDevice = async (
  url: string,
  username: string,
  topics: readonly string[] = [],
  options: IClientOptions = {},
): Promise<TestDevice> => {
  const client = await connected(url, {
    username,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    ...options,
  })
  const came = new Map<string, string[]>()
  const waiting = new Map<string, ((text: string) => void)[]>()
  client.on('error', () => undefined)
  client.on('message', (topic, payload) => {
    const text = payload.toString()
    const waiter = waiting.get(topic)?.shift()
    if (waiter !== undefined) waiter(text)
    else came.set(topic, [...(came.get(topic) ?? []), text])
  })
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  if (topics.length > 0) await client.subscribeAsync([...topics], { qos: 1 })
  const nextText = (topic: string, ms = 5000) =>
    new Promise<string>((resolve, reject) => {
      const present = came.get(topic)?.shift()
      if (present !== undefined) return resolve(present)
      const others = () => (waiting.get(topic) ?? []).filter((one) => one !== take)
      const timer = setTimeout(() => {
        waiting.set(topic, others())
        reject(new Error(`nothing came on ${topic}`))
      }, ms)
      const take = (text: string) => {
        clearTimeout(timer)
        resolve(text)
      }
      waiting.set(topic, [...others(), take])
    })
  return {
    client,
    closed,
    next: async (topic, ms) => JSON.parse(await nextText(topic, ms)),
    nextText,
    publish: (topic, body) =>
      client.publishAsync(
        topic,
        typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        { qos: 1 },
      ),
    end: () => client.endAsync(true),
  }
}
