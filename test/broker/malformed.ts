import { connect, field, packet, publish, raw, subscribe, varint } from './malformed-bytes.ts'

/**
 * What becomes of a connection: `closed` without a word, `connack N` (N not 0), `accepted` (it is still there and
 * answers a PINGREQ), or the answer to look at. Codes from 0x80 on are said in hex for MQTT 5.
 */
export type Outcome =
  | 'closed'
  | 'accepted'
  | `connack ${string}`
  | `disconnect ${string}`
  | `suback ${string}`
  | `unsuback${string}`
  | `puback${string}`
  | `pubrec${string}`
  | `pubcomp${string}`

/** One input: what is sent on a new socket, and what has to happen by the specification. */
export type Row = {
  readonly name: string
  /** The statement of the specification, or the limit of ours. */
  readonly rule: string
  /** `user`: the credential of a device. A PINGREQ is sent after them. */
  readonly bytes: (user: string) => Buffer
  readonly expect: Outcome
  /** Why a mosquitto may do something else. */
  readonly mosquitto?: string
}

export const OWN = 'latchkey/v1/owner'

const DENY = 'ours grants the topics of the device only'
const IDENTITY = 'ours needs the credential of a device'
const LIMIT = 'a limit of ours'
const OPEN = 'the specification leaves it open'
const STRICT = 'ours closes wherever the specification calls it wrong'

/** Texts that no text may be: [MQTT-1.5.3-1], [MQTT-1.5.3-2], and what 1.5.3 lets a receiver close for. */
export const ILL_TEXTS = new Map<string, readonly number[]>([
  ['U+0000', [0x61, 0x00]],
  ['a byte that begins nothing', [0xc3, 0x28]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['U+FFFE', [0xef, 0xbf, 0xbe]],
  ['U+0001', [0x01, 0x61]],
])

const MORE_ILL_TEXTS = new Map<string, readonly number[]>([
  ['an overlong slash', [0xc0, 0xaf]],
  ['a text beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ['a sequence cut short', [0x61, 0xe2, 0x82]],
  ['U+FFFF', [0xef, 0xbf, 0xbf]],
  ['U+FDD0', [0xef, 0xb7, 0x90]],
  ['U+007F', [0x7f]],
  ['U+009F', [0xc2, 0x9f]],
])

const WELL_TEXTS = new Map<string, readonly number[]>([
  ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61]],
  ['a character of four bytes', [0xf0, 0x9f, 0x94, 0x91]],
  ['wildcards', [0x23, 0x2b, 0x2f]],
  ['a name of Object.prototype', [...Buffer.from('__proto__')]],
])

const ILL_PLACES = new Map<string, (user: string, ill: readonly number[]) => Buffer>([
  ['a client id', (username, id) => connect({ username, id })],
  ['a user name', (_user, username) => connect({ username })],
  [
    'a will topic',
    (username, ill) => connect({ username, flags: 0x86, will: raw(field(ill), field('x')) }),
  ],
  ['a topic', (username, ill) => raw(connect({ username }), publish(0x30, ill))],
  ['a filter', (username, ill) => raw(connect({ username }), subscribe([ill, 0]))],
])

const illTexts: Row[] = [
  ...[...ILL_PLACES].flatMap(([place, bytes]) =>
    [...ILL_TEXTS].map(
      ([what, ill]): Row => ({
        name: `${what} in ${place}`,
        rule: '[MQTT-1.5.3-1], [MQTT-1.5.3-2]',
        bytes: (user) => bytes(user, ill),
        expect: 'closed',
      }),
    ),
  ),
  ...[...MORE_ILL_TEXTS].map(
    ([what, id]): Row => ({
      name: `${what} in a client id`,
      rule: '[MQTT-1.5.3-1]',
      bytes: (username) => connect({ username, id }),
      expect: 'closed',
    }),
  ),
  ...[...WELL_TEXTS].map(
    ([what, id]): Row => ({
      name: `${what} in a client id`,
      rule: '[MQTT-1.5.3-3], [MQTT-3.1.3-4]',
      bytes: (username) => connect({ username, id }),
      expect: 'accepted',
    }),
  ),
]

/** A row of CONNECT alone. */
const first = (
  name: string,
  rule: string,
  expect: Outcome,
  fields: Omit<Parameters<typeof connect>[0], 'username'>,
  mosquitto?: string,
): Row => ({
  name,
  rule,
  bytes: (username) => connect({ ...fields, username }),
  expect,
  ...(mosquitto === undefined ? {} : { mosquitto }),
})

/** A row of bytes in the place of a CONNECT. */
const instead = (
  name: string,
  rule: string,
  expect: Outcome,
  bytes: Buffer,
  mosquitto?: string,
): Row => ({
  name,
  rule,
  bytes: () => bytes,
  expect,
  ...(mosquitto === undefined ? {} : { mosquitto }),
})

const WILL = raw(field('a'), field('x'))

const connects: Row[] = [
  first('a plain CONNECT', '3.1', 'accepted', {}),
  first('a CONNECT of MQTT 3.1', 'MQTT 3.1, 3.1', 'accepted', { level: 3 }),
  first('level 6', '[MQTT-3.1.2-2]', 'connack 1', { level: 6 }),
  first('level 0', '[MQTT-3.1.2-2]', 'connack 1', { level: 0 }),
  first('level 2', '[MQTT-3.1.2-2]', 'connack 1', { level: 2 }),
  first('level 255', '[MQTT-3.1.2-2]', 'connack 1', { level: 255 }),
  first('the level of a bridge', '[MQTT-3.1.2-2]', 'connack 1', { level: 0x84 }, OPEN),
  first('the old level with the new name', '[MQTT-3.1.2-2]', 'connack 1', {
    level: 3,
    name: 'MQTT',
  }),
  first('the new level with the old name', '[MQTT-3.1.2-2]', 'connack 1', { name: 'MQIsdp' }),
  first('another protocol’s name', '[MQTT-3.1.2-1]', 'closed', { name: 'MQTt' }),
  first('no protocol name', '[MQTT-3.1.2-1]', 'closed', { name: '' }),
  first('a longer protocol name', '[MQTT-3.1.2-1]', 'closed', { name: 'MQTTX' }),
  first('the reserved connect flag', '[MQTT-3.1.2-3]', 'closed', { flags: 0x83 }),
  first('reserved header flags in CONNECT', '[MQTT-2.2.2-2]', 'closed', { header: 0x11 }),
  first('all header flags in CONNECT', '[MQTT-2.2.2-2]', 'closed', { header: 0x1f }),
  first('a will QoS without a will', '[MQTT-3.1.2-13]', 'closed', { flags: 0x8a }),
  first('a will retain without a will', '[MQTT-3.1.2-15]', 'closed', { flags: 0xa2 }),
  first('a will of QoS 3', '[MQTT-3.1.2-14]', 'closed', { flags: 0x9e, will: WILL }),
  first('a will of QoS 2, retained', '3.1.2.5', 'accepted', { flags: 0xb6, will: WILL }),
  first('a will without its fields', '[MQTT-3.1.2-9]', 'closed', { flags: 0x86 }),
  {
    name: 'a will without a message',
    rule: '[MQTT-3.1.2-9]',
    bytes: () => connect({ flags: 0x06, username: undefined, will: field('a') }),
    expect: 'closed',
  },
  first('an empty will message', '3.1.3.3', 'accepted', {
    flags: 0x86,
    will: raw(field('a'), field('')),
  }),
  first('an empty will topic', '[MQTT-4.7.3-1]', 'closed', {
    flags: 0x86,
    will: raw(field(''), field('x')),
  }),
  first('a will topic with #', '[MQTT-4.7.1-1]', 'closed', {
    flags: 0x86,
    will: raw(field('a/#'), field('x')),
  }),
  first('a will topic with +', '[MQTT-4.7.1-1]', 'closed', {
    flags: 0x86,
    will: raw(field('+'), field('x')),
  }),
  {
    name: 'a password without a user name',
    rule: '[MQTT-3.1.2-22]',
    bytes: () => connect({ flags: 0x42, username: undefined, tail: field('secret') }),
    expect: 'closed',
  },
  first('a password that is no text', '3.1.3.5', 'accepted', {
    flags: 0xc2,
    tail: field([0x00, 0xff, 0xc3, 0x28]),
  }),
  first('a password flag without a password', '[MQTT-3.1.2-21]', 'closed', { flags: 0xc2 }),
  {
    name: 'a user name flag without a user name',
    rule: '[MQTT-3.1.2-19]',
    bytes: () => connect({ username: undefined }),
    expect: 'closed',
  },
  first('a user name without its flag', '[MQTT-3.1.2-18]', 'closed', { flags: 0x02 }),
  {
    name: 'no user name',
    rule: '[MQTT-3.1.4-2]',
    bytes: () => connect({ username: undefined, flags: 0x02 }),
    expect: 'connack 5',
    mosquitto: IDENTITY,
  },
  {
    name: 'an empty user name',
    rule: '[MQTT-3.1.4-2]',
    bytes: () => connect({ username: '' }),
    expect: 'connack 5',
    mosquitto: IDENTITY,
  },
  {
    name: 'a credential of nobody',
    rule: '[MQTT-3.1.4-2]',
    bytes: () => connect({ username: 'A'.repeat(43) }),
    expect: 'connack 5',
    mosquitto: IDENTITY,
  },
  first('no client id and a clean session', '[MQTT-3.1.3-6]', 'accepted', { id: '' }),
  first('no client id and a lasting session', '[MQTT-3.1.3-8]', 'connack 2', {
    id: '',
    flags: 0x80,
  }),
  first('no client id in MQTT 3.1', 'MQTT 3.1, 3.1', 'connack 2', { id: '', level: 3 }),
  first(
    'a long client id in MQTT 3.1',
    'MQTT 3.1, 3.1',
    'connack 2',
    {
      id: 'x'.repeat(24),
      level: 3,
    },
    'ours keeps the 23 characters of MQTT 3.1',
  ),
  first('a client id of 1000 bytes', '[MQTT-3.1.3-5]', 'accepted', { id: 'x'.repeat(1000) }),
  first('a client id of 65535 bytes', LIMIT, 'closed', { id: 'x'.repeat(65_535) }, LIMIT),
  first('no keep-alive', '3.1.2.10', 'accepted', { keepAlive: 0 }),
  first('the longest keep-alive', '3.1.2.10', 'accepted', { keepAlive: 65_535 }),
  first('a byte after the last field', '2.2.3', 'closed', { tail: [0x00] }),
  {
    name: 'a client id longer than its packet',
    rule: '1.5.3',
    bytes: () => packet(0x10, field('MQTT'), 4, 2, 0, 60, 0xff, 0xff, 'x'),
    expect: 'closed',
  },
  instead(
    'a CONNECT without a client id',
    '[MQTT-3.1.3-3]',
    'closed',
    packet(0x10, field('MQTT'), 4, 2, 0, 60),
  ),
  instead(
    'a CONNECT cut in its keep-alive',
    '3.1.2',
    'closed',
    packet(0x10, field('MQTT'), 4, 2, 0),
  ),
  instead('a CONNECT of nothing', '3.1.2', 'closed', packet(0x10)),
  instead('a CONNECT of one byte', '3.1.2', 'closed', packet(0x10, 0)),
  instead('a length of five bytes', '2.2.3', 'closed', raw(0x10, 0xff, 0xff, 0xff, 0xff, 0x7f)),
  instead('a PINGREQ first', '[MQTT-3.1.0-1]', 'closed', raw(0xc0, 0)),
  instead('a PUBLISH first', '[MQTT-3.1.0-1]', 'closed', publish(0x30, 'a')),
  instead('a SUBSCRIBE first', '[MQTT-3.1.0-1]', 'closed', subscribe(['a', 0])),
  instead('a CONNACK first', '[MQTT-3.1.0-1]', 'closed', raw(0x20, 2, 0, 0)),
  instead('a DISCONNECT first', '[MQTT-3.1.0-1]', 'closed', raw(0xe0, 0)),
  instead('a packet of type 0 first', '2.2.1', 'closed', raw(0x00, 0)),
  instead('a packet of type 15 first', '2.2.1', 'closed', raw(0xf0, 0)),
  instead(
    'a request of HTTP',
    '[MQTT-3.1.0-1]',
    'closed',
    raw('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  ),
  {
    name: 'a length with a byte more than it needs',
    rule: '2.2.3',
    bytes: (username) => {
      const body = connect({ username }).subarray(2)
      return raw(0x10, varint(body.length, 2), body)
    },
    expect: 'accepted',
  },
]

/** A row of packets after a good CONNECT. */
const then = (
  name: string,
  rule: string,
  expect: Outcome,
  bytes: Buffer,
  mosquitto?: string,
): Row => ({
  name,
  rule,
  bytes: (username) => raw(connect({ username }), bytes),
  expect,
  ...(mosquitto === undefined ? {} : { mosquitto }),
})

const publishes: Row[] = [
  then('a PUBLISH with QoS 0', '3.3', 'accepted', publish(0x30, 'a')),
  then('a PUBLISH with QoS 1', '[MQTT-3.3.4-1]', 'puback', publish(0x32, 'a', { id: 1 })),
  then('a PUBLISH with QoS 2', '[MQTT-3.3.4-1]', 'pubrec', publish(0x34, 'a', { id: 1 })),
  then('a PUBLISH with QoS 1 sent again', '3.3.1.1', 'puback', publish(0x3a, 'a', { id: 1 })),
  then('the highest packet id', '2.3.1', 'puback', publish(0x32, 'a', { id: 65_535 })),
  then('an empty payload', '3.3.3', 'accepted', publish(0x30, 'a', { payload: '' })),
  then('a retained PUBLISH', '3.3.1.3', 'accepted', publish(0x31, 'a')),
  then('a PUBLISH with QoS 3', '[MQTT-3.3.1-4]', 'closed', publish(0x36, 'a', { id: 1 })),
  then('DUP with QoS 0', '[MQTT-3.3.1-2]', 'closed', publish(0x38, 'a'), STRICT),
  then('packet id 0 with QoS 1', '[MQTT-2.3.1-1]', 'closed', publish(0x32, 'a', { id: 0 })),
  then('packet id 0 with QoS 2', '[MQTT-2.3.1-1]', 'closed', publish(0x34, 'a', { id: 0 })),
  then('QoS 1 without a packet id', '[MQTT-2.3.1-1]', 'closed', packet(0x32, field('a'))),
  then('QoS 1 with half a packet id', '[MQTT-2.3.1-1]', 'closed', packet(0x32, field('a'), 1)),
  then('an empty topic', '[MQTT-4.7.3-1]', 'closed', publish(0x30, '')),
  then('a topic of #', '[MQTT-3.3.2-2]', 'closed', publish(0x30, '#')),
  then('a topic of +', '[MQTT-3.3.2-2]', 'closed', publish(0x30, '+')),
  then('a topic that ends with #', '[MQTT-3.3.2-2]', 'closed', publish(0x30, 'a/#')),
  then('a topic with + inside', '[MQTT-3.3.2-2]', 'closed', publish(0x30, 'a/+/b')),
  then('a topic with # in a word', '[MQTT-3.3.2-2]', 'closed', publish(0x30, 'a#b')),
  then('a topic longer than its packet', '[MQTT-3.3.2-1]', 'closed', packet(0x30, 0, 9, 'a')),
  then('a PUBLISH of nothing', '[MQTT-3.3.2-1]', 'closed', packet(0x30)),
  then('a PUBLISH of one byte', '[MQTT-3.3.2-1]', 'closed', packet(0x30, 0)),
  then('a topic of a slash', '4.7.3', 'accepted', publish(0x30, '/')),
  then('a topic of a space', '4.7.3', 'accepted', publish(0x30, ' ')),
  then('a topic of the server', '4.7.2', 'accepted', publish(0x30, '$SYS/x/new/clients')),
  then('a topic of a name of Object.prototype', '4.7.3', 'accepted', publish(0x30, 'constructor')),
  then('a topic of 256 bytes', LIMIT, 'accepted', publish(0x30, 'x'.repeat(256))),
  then('a topic of 257 bytes', LIMIT, 'closed', publish(0x30, 'x'.repeat(257)), LIMIT),
  then(
    'a topic of 258 bytes in 86 characters',
    LIMIT,
    'closed',
    publish(0x30, '€'.repeat(86)),
    LIMIT,
  ),
  then('a topic of 10 levels', LIMIT, 'accepted', publish(0x30, '/'.repeat(9))),
  then('a topic of 11 levels', LIMIT, 'closed', publish(0x30, '/'.repeat(10)), LIMIT),
  then(
    'a PUBLISH of 64 KiB',
    LIMIT,
    'accepted',
    publish(0x30, 'a', { payload: Buffer.alloc(65_529) }),
  ),
  then(
    'a PUBLISH of more than 64 KiB',
    LIMIT,
    'closed',
    publish(0x30, 'a', { payload: Buffer.alloc(65_530) }),
    LIMIT,
  ),
]

const acks: Row[] = [
  then('a PUBACK for nothing', '3.4', 'accepted', packet(0x40, 0, 9)),
  then('a PUBREC for nothing', '3.5', 'accepted', packet(0x50, 0, 9)),
  then('a PUBREL for nothing', '[MQTT-3.6.4-1]', 'pubcomp', packet(0x62, 0, 9)),
  then('a PUBCOMP for nothing', '3.7', 'accepted', packet(0x70, 0, 9)),
  ...[0x40, 0x50, 0x62, 0x70].flatMap((header) => {
    const name = new Map([
      [0x40, 'PUBACK'],
      [0x50, 'PUBREC'],
      [0x62, 'PUBREL'],
      [0x70, 'PUBCOMP'],
    ]).get(header) as string
    return [
      then(`a ${name} with packet id 0`, '[MQTT-2.3.1-1]', 'closed', packet(header, 0, 0)),
      then(`a ${name} of one byte`, '3.4.2', 'closed', packet(header, 1)),
      then(`a ${name} of three bytes`, '3.4.2', 'closed', packet(header, 0, 9, 0), STRICT),
      then(
        `a ${name} with other flags`,
        '[MQTT-2.2.2-2]',
        'closed',
        packet(header ^ 2, 0, 9),
        STRICT,
      ),
    ]
  }),
]

const ILL_FILTERS = ['a#', '#/a', 'a/#/b', '+a', 'a+', 'a+/b', 'a/b+', 'a/#b', '##', '++', '/+#']
const MANY = Array.from({ length: 100 }, (_, place) => [`x${place}`, 0] as const)

const subscribes: Row[] = [
  ...[0, 1].map((qos) =>
    then(
      `a filter of its own with QoS ${qos}`,
      '[MQTT-3.8.4-6]',
      `suback ${qos}`,
      subscribe([OWN, qos]),
    ),
  ),
  then(
    'a filter of its own with QoS 2',
    '[MQTT-3.8.4-6]',
    'suback 1',
    subscribe([OWN, 2]),
    'ours grants QoS 1 at most',
  ),
  {
    name: 'a SUBSCRIBE of MQTT 3.1 sent again',
    rule: 'MQTT 3.1, 3.8',
    bytes: (username) => raw(connect({ username, level: 3 }), packet(0x8a, 0, 7, field(OWN), 1)),
    expect: 'suback 1',
  },
  then(
    'a SUBSCRIBE of 3.1.1 with DUP',
    '[MQTT-3.8.1-1]',
    'closed',
    packet(0x8a, 0, 7, field(OWN), 1),
  ),
  then(
    'the same filter with two QoS',
    '[MQTT-3.8.4-4]',
    'suback 0,1',
    subscribe([OWN, 0], [OWN, 1]),
  ),
  then('the same filter twice', '[MQTT-3.9.3-1]', 'suback 1,1', subscribe([OWN, 1], [OWN, 1])),
  then(
    'the same filter thrice, among others',
    '[MQTT-3.9.3-1]',
    'suback 0,128,0,128,0',
    subscribe([OWN, 0], ['a', 0], [OWN, 0], ['a', 1], [OWN, 0]),
    DENY,
  ),
  ...['#', '+', '/+', '+/a/#', '$SYS/#', `$share/g/${OWN}`, ' '].map((filter) =>
    then(`a filter of ${filter}`, '[MQTT-3.9.3-2]', 'suback 128', subscribe([filter, 0]), DENY),
  ),
  ...ILL_FILTERS.map((filter) =>
    then(
      `a filter of ${filter}`,
      '[MQTT-4.7.1-2], [MQTT-4.7.1-3]',
      'closed',
      subscribe([filter, 0]),
    ),
  ),
  then(
    'an ill filter after a good one',
    '[MQTT-4.7.1-2]',
    'closed',
    subscribe([OWN, 0], ['a#', 0]),
  ),
  then('an empty filter', '[MQTT-4.7.3-1]', 'closed', subscribe(['', 0])),
  then('a SUBSCRIBE without a filter', '[MQTT-3.8.3-3]', 'closed', packet(0x82, 0, 7)),
  then('a SUBSCRIBE of nothing', '3.8.2', 'closed', packet(0x82)),
  then(
    'a SUBSCRIBE with packet id 0',
    '[MQTT-2.3.1-1]',
    'closed',
    packet(0x82, 0, 0, field(OWN), 0),
  ),
  then(
    'a SUBSCRIBE without its flags',
    '[MQTT-3.8.1-1]',
    'closed',
    packet(0x80, 0, 7, field(OWN), 0),
  ),
  then('a SUBSCRIBE with all flags', '[MQTT-3.8.1-1]', 'closed', packet(0x8f, 0, 7, field(OWN), 0)),
  then('a subscription with QoS 3', '[MQTT-3.8.3-4]', 'closed', subscribe([OWN, 3])),
  then('a subscription with a reserved bit', '[MQTT-3.8.3-4]', 'closed', subscribe([OWN, 4])),
  then('a subscription with the highest bit', '[MQTT-3.8.3-4]', 'closed', subscribe([OWN, 0x80])),
  then('a filter without its QoS', '3.8.3', 'closed', packet(0x82, 0, 7, field(OWN))),
  then('a filter longer than its packet', '3.8.3', 'closed', packet(0x82, 0, 7, 0, 9, 'a', 0)),
  then('100 filters', LIMIT, 'suback 128 times 100', subscribe(...MANY), DENY),
  then('101 filters', LIMIT, 'closed', subscribe(...MANY, ['x', 0]), LIMIT),
  then('a filter of 257 bytes', LIMIT, 'closed', subscribe(['x'.repeat(257), 0]), LIMIT),
]

const others: Row[] = [
  then(
    'an UNSUBSCRIBE of what was not there',
    '[MQTT-3.10.4-5]',
    'unsuback',
    packet(0xa2, 0, 7, field('a')),
  ),
  then(
    'an UNSUBSCRIBE of one filter twice',
    '[MQTT-3.10.4-4]',
    'unsuback',
    packet(0xa2, 0, 7, field('a'), field('a')),
  ),
  then('an UNSUBSCRIBE without a filter', '[MQTT-3.10.3-2]', 'closed', packet(0xa2, 0, 7)),
  then(
    'an UNSUBSCRIBE with packet id 0',
    '[MQTT-2.3.1-1]',
    'closed',
    packet(0xa2, 0, 0, field('a')),
  ),
  then(
    'an UNSUBSCRIBE without its flags',
    '[MQTT-3.10.1-1]',
    'closed',
    packet(0xa0, 0, 7, field('a')),
  ),
  then(
    'an UNSUBSCRIBE of an empty filter',
    '[MQTT-4.7.3-1]',
    'closed',
    packet(0xa2, 0, 7, field('')),
  ),
  then(
    'an UNSUBSCRIBE of an ill filter',
    '[MQTT-4.7.1-2]',
    'closed',
    packet(0xa2, 0, 7, field('a#')),
  ),
  then(
    'an UNSUBSCRIBE with a byte too many',
    '3.10.3',
    'closed',
    packet(0xa2, 0, 7, field('a'), 0),
  ),
  then('a second CONNECT', '[MQTT-3.1.0-2]', 'closed', connect({ username: 'x' })),
  then('a PINGREQ with flags', '[MQTT-2.2.2-2]', 'closed', raw(0xc1, 0), STRICT),
  then('a PINGREQ with a body', '3.12', 'closed', raw(0xc0, 1, 0), STRICT),
  then('a PINGREQ with a padded length', '2.2.3', 'accepted', raw(0xc0, 0x80, 0x00)),
  then('a later length of five bytes', '2.2.3', 'closed', raw(0x30, 0xff, 0xff, 0xff, 0xff, 0x01)),
  then('a DISCONNECT', '[MQTT-3.14.4-1]', 'closed', raw(0xe0, 0)),
  then('a DISCONNECT with flags', '[MQTT-3.14.1-1]', 'closed', raw(0xe1, 0)),
  then('a DISCONNECT with a body', '3.14', 'closed', raw(0xe0, 1, 0)),
  then('a packet of type 0', '2.2.1', 'closed', raw(0x00, 0)),
  then('a packet of type 15', '2.2.1', 'closed', raw(0xf0, 0)),
  then('a CONNACK', '2.2.1', 'closed', raw(0x20, 2, 0, 0)),
  then('a SUBACK', '2.2.1', 'closed', raw(0x90, 3, 0, 7, 0), STRICT),
  then('an UNSUBACK', '2.2.1', 'closed', raw(0xb0, 2, 0, 7), STRICT),
  then('a PINGRESP', '2.2.1', 'closed', raw(0xd0, 0), STRICT),
]

/** MQTT 3.1 and 3.1.1. Findings of the fuzz tests become rows here. */
export const ROWS: readonly Row[] = [
  ...connects,
  ...illTexts,
  ...publishes,
  ...acks,
  ...subscribes,
  ...others,
]
