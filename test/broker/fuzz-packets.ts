import fc from 'fast-check'
import type { Packet } from 'mqtt-packet'

/** Characters that the specification neither forbids nor lets a receiver close for. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'abcXYZ019 -_.$%~') },
  { weight: 1, arbitrary: fc.constantFrom('é', 'ß', '€', '你', '\u{1f511}', '\ufeff', '\u00a0') },
)
const text = (minLength: number) =>
  fc.array(character, { minLength, maxLength: 12 }).map((characters) => characters.join(''))
const topic = fc.array(text(1), { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filter = fc
  .tuple(
    fc.array(fc.oneof(text(1), fc.constant('+')), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
  )
  .map(([levels, all]) => [...levels, ...(all ? ['#'] : [])].join('/'))
const binary = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const messageId = fc.integer({ min: 1, max: 65_535 })
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)
const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u16 = fc.integer({ min: 1, max: 65_535 })

const some = <T>(model: { [Name in keyof T]: fc.Arbitrary<T[Name]> }) =>
  fc.record(model, { requiredKeys: [] })

const userProperties = fc.dictionary(text(1), text(0), {
  minKeys: 1,
  maxKeys: 3,
  noNullPrototype: true,
})
const messageProperties = {
  payloadFormatIndicator: fc.boolean(),
  messageExpiryInterval: u32,
  contentType: text(1),
  responseTopic: topic,
  correlationData: binary,
  userProperties,
}

/** `properties` for a client of MQTT 5 alone. */
const withProperties = <T extends object>(
  isV5: boolean,
  packet: fc.Arbitrary<T>,
  properties: fc.Arbitrary<object>,
): fc.Arbitrary<T> =>
  isV5
    ? fc.tuple(packet, properties).map(([rest, props]) => ({ ...rest, properties: props }))
    : packet

const connect = (isV5: boolean): fc.Arbitrary<object> =>
  fc
    .tuple(
      withProperties(
        isV5,
        fc.record({
          cmd: fc.constant('connect'),
          protocolId: fc.constant('MQTT'),
          protocolVersion: fc.constant(isV5 ? 5 : 4),
          clean: fc.boolean(),
          keepalive: fc.integer({ min: 0, max: 65_535 }),
          clientId: text(1),
        }),
        some({
          sessionExpiryInterval: u32,
          receiveMaximum: u16,
          maximumPacketSize: fc.integer({ min: 1, max: 0xffffffff }),
          topicAliasMaximum: u16,
          requestResponseInformation: fc.boolean(),
          requestProblemInformation: fc.boolean(),
          userProperties,
        }),
      ),
      fc.option(fc.tuple(text(1), fc.option(binary)), { nil: undefined }),
      fc.option(
        withProperties(
          isV5,
          fc.record({ topic, payload: binary, qos, retain: fc.boolean() }),
          some({ willDelayInterval: u32, ...messageProperties }),
        ),
        { nil: undefined },
      ),
    )
    .map(([packet, login, will]) => ({
      ...packet,
      ...(login === undefined ? {} : { username: login[0] }),
      ...(login === undefined || login[1] === null ? {} : { password: login[1] }),
      ...(will === undefined ? {} : { will }),
    }))

const publish = (isV5: boolean): fc.Arbitrary<object> =>
  withProperties(
    isV5,
    fc
      .record({ topic, payload: binary, qos, retain: fc.boolean(), dup: fc.boolean(), messageId })
      .map((packet) => ({ ...packet, cmd: 'publish', dup: packet.qos > 0 && packet.dup })),
    some({ ...messageProperties, topicAlias: u16 }),
  )

const subscribe = (isV5: boolean): fc.Arbitrary<object> =>
  withProperties(
    isV5,
    fc.record({
      cmd: fc.constant('subscribe'),
      messageId,
      subscriptions: fc.array(
        isV5
          ? fc.record({
              topic: filter,
              qos,
              nl: fc.constant(false),
              rap: fc.boolean(),
              rh: fc.integer({ min: 0, max: 2 }),
            })
          : fc.record({ topic: filter, qos }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    some({ userProperties }),
  )

const unsubscribe = (isV5: boolean): fc.Arbitrary<object> =>
  withProperties(
    isV5,
    fc.record({
      cmd: fc.constant('unsubscribe'),
      messageId,
      unsubscriptions: fc.array(filter, { minLength: 1, maxLength: 4 }),
    }),
    some({ userProperties }),
  )

const ack = (isV5: boolean): fc.Arbitrary<object> => {
  const bare = fc.record({
    cmd: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'),
    messageId,
  })
  return withProperties(isV5, bare, some({ reasonString: text(1), userProperties }))
}

const bare: fc.Arbitrary<object> = fc.constantFrom({ cmd: 'pingreq' }, { cmd: 'disconnect' })

/** Any packet that a client may send, in the words of mqtt-packet. */
export const packets = (isV5: boolean): fc.Arbitrary<Packet> =>
  fc.oneof(
    connect(isV5),
    publish(isV5),
    subscribe(isV5),
    unsubscribe(isV5),
    ack(isV5),
    bare,
  ) as fc.Arbitrary<Packet>
