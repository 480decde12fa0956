import { type EventEmitter, once } from 'node:events'
import mqtt, { type IClientOptions, type IConnackPacket, type IPublishPacket } from 'mqtt'

/** MQTT.js on a broker's own topics, with every packet that it was sent. */
export type OwnClient = {
  readonly client: mqtt.MqttClient
  readonly events: EventEmitter
  readonly connack: IConnackPacket
  /** The next publish, whole. */
  readonly next: () => Promise<IPublishPacket>
  /** The codes of the SUBACK. */
  readonly subscribe: (
    filters: string | string[],
    options?: mqtt.IClientSubscribeOptions,
  ) => Promise<readonly number[]>
  readonly publish: (
    topic: string,
    payload: string,
    options?: mqtt.IClientPublishOptions,
  ) => Promise<unknown>
  /** DISCONNECT, with what it says. */
  readonly leave: (options?: object) => Promise<void>
  /** Without a word. */
  readonly vanish: () => Promise<void>
}

/** Connects; `lasts`: the Session Expiry Interval, seconds. A session that is there goes on unless `clean` says otherwise. */
export const ownClient = async (
  port: number,
  clientId: string,
  options: IClientOptions & { readonly lasts?: number } = {},
): Promise<OwnClient> => {
  const { lasts, ...rest } = options
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId,
    clean: false,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    ...(lasts === undefined ? {} : { properties: { sessionExpiryInterval: lasts } }),
    ...rest,
  })
  const events = client as unknown as EventEmitter
  const came: IPublishPacket[] = []
  client.on('message', (_topic, _payload, packet) => {
    came.push(packet)
    events.emit('came')
  })
  client.on('error', () => undefined)
  const [connack] = (await once(events, 'connect')) as [IConnackPacket]
  return {
    client,
    events,
    connack,
    next: async () => {
      while (came.length === 0) await once(events, 'came', { signal: AbortSignal.timeout(5000) })
      return came.shift() as IPublishPacket
    },
    subscribe: (filters, subscribeOptions = { qos: 2 }) =>
      new Promise((resolve) => {
        client.on('packetreceive', (packet) => {
          if (packet.cmd === 'suback') resolve(packet.granted as number[])
        })
        client.subscribe(filters, subscribeOptions, () => undefined)
      }),
    publish: (topic, payload, publishOptions = {}) =>
      client.publishAsync(topic, payload, { qos: 1, ...publishOptions }),
    leave: (said = {}) => client.endAsync(false, said),
    vanish: async () => {
      const closed = once(events, 'close')
      client.stream.destroy()
      await closed
      await client.endAsync(true)
    },
  }
}

/** The words of a payload. */
export const words = ({ payload }: IPublishPacket): string => payload.toString()
