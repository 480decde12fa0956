import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { generate, type Packet, parser } from 'mqtt-packet'

/** A device of bare packets: as cheap as a load generator can be in Node. */
export type LoadDevice = {
  /** Publishes with QoS 1 and resolves at the PUBACK. */
  readonly publish: (topic: string, payload: string) => Promise<void>
  /** The next message that comes. */
  readonly heard: () => Promise<void>
  readonly end: () => void
}

/** Connects, and subscribes where topics are given. */
export const loadDevice = async (
  port: number,
  username: string,
  clientId: string,
  topics: readonly string[] = [],
): Promise<LoadDevice> => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => undefined)
  const packets = parser()
  socket.on('data', (bytes) => packets.parse(bytes))
  const acks = new Map<number, () => void>()
  const waiting: (() => void)[] = []
  let unheard = 0
  let begun: (packet: Packet) => void = () => undefined
  packets.on('packet', (packet) => {
    if (packet.cmd === 'puback') {
      const id = packet.messageId as number
      acks.get(id)?.()
      acks.delete(id)
      return
    }
    if (packet.cmd !== 'publish') return begun(packet)
    if (packet.qos === 1)
      socket.write(generate({ cmd: 'puback', messageId: packet.messageId as number }))
    const waiter = waiting.shift()
    if (waiter === undefined) unheard += 1
    else waiter()
  })
  const answer = () =>
    new Promise<Packet>((resolve) => {
      begun = resolve
    })
  await once(socket, 'connect')
  const connack = answer()
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId,
      username,
      keepalive: 0,
    }),
  )
  await connack
  if (topics.length > 0) {
    const suback = answer()
    const subscriptions = topics.map((topic) => ({ topic, qos: 0 as const }))
    socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }))
    await suback
  }
  let nextId = 1
  return {
    publish: (topic, payload) =>
      new Promise((resolve) => {
        nextId = (nextId % 65_535) + 1
        acks.set(nextId, resolve)
        socket.write(
          generate({
            cmd: 'publish',
            topic,
            payload,
            qos: 1,
            messageId: nextId,
            dup: false,
            retain: false,
          }),
        )
      }),
    heard: () => {
      if (unheard === 0) return new Promise((resolve) => waiting.push(resolve))
      unheard -= 1
      return Promise.resolve()
    },
    end: () => socket.destroy(),
  }
}

type Answered = { readonly status: number; readonly body: string }

/** A keep-alive HTTP client of one account. */
export type Caller = {
  readonly get: (path: string) => Promise<Answered>
  /** Posts JSON. */
  readonly post: (path: string, body: unknown) => Promise<Answered>
  /** Posts a text as it is. */
  readonly send: (path: string, type: string, text: string) => Promise<Answered>
  readonly end: () => void
}

export const createCaller = (port: number, token: string | undefined): Caller => {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const ask = (method: string, path: string, headers: object, text?: string): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const options = { agent, port, host: '127.0.0.1', method, path }
      const sent = request({ ...options, headers: { ...bearer, ...headers } }, (reply) => {
        let body = ''
        reply.setEncoding('utf8')
        reply.on('data', (part: string) => {
          body += part
        })
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }))
      })
      sent.on('error', reject)
      sent.end(text)
    })
  const send = (path: string, type: string, text: string) =>
    ask('POST', path, { 'content-type': type, 'content-length': Buffer.byteLength(text) }, text)
  return {
    get: (path) => ask('GET', path, {}),
    post: (path, body) => send(path, 'application/json', JSON.stringify(body)),
    send,
    end: () => agent.destroy(),
  }
}

/** Does `count` things, `atOnce` of them under way; answers the seconds it took. */
export const timed = async (
  count: number,
  atOnce: number,
  work: (i: number) => Promise<unknown>,
): Promise<number> => {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, worker))
  return (performance.now() - began) / 1000
}
