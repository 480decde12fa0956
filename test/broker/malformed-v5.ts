import { type Outcome, OWN, type Row } from './malformed.ts'
import {
  connect,
  field,
  type Part,
  packet,
  properties,
  publish,
  raw,
  subscribe5,
} from './malformed-bytes.ts'

const DENY = 'ours grants the topics of the device only'
const IDENTITY = 'ours needs the credential of a device'
const LIMIT = 'a limit of ours'
const STRICT = 'ours ends it wherever the specification calls it wrong'
const LACKS = 'ours does not have it, and says so in CONNACK'

type Fields = Omit<Parameters<typeof connect>[0], 'username' | 'level'>

const first = (
  name: string,
  rule: string,
  expect: Outcome,
  fields: Fields,
  mosquitto?: string,
): Row => ({
  name,
  rule,
  bytes: (username) => connect({ ...fields, level: 5, username }),
  expect,
  ...(mosquitto === undefined ? {} : { mosquitto }),
})

const PAIR = raw(0x26, field('a'), field('b'))
const will = (props: Buffer, topic = 'a') => ({
  flags: 0x86,
  will: raw(props, field(topic), field('x')),
})

const connects: Row[] = [
  first('a plain CONNECT', '3.1', 'accepted', {}),
  first('an unknown property', '2.2.2.2', 'connack 0x81', { properties: properties(0x7f, 1) }),
  first('a property of PUBLISH in CONNECT', '2.2.2.2', 'connack 0x82', {
    properties: properties(0x23, 0, 1),
  }),
  first('a session expiry', '3.1.2.11.2', 'accepted', { properties: properties(0x11, 0, 0, 0, 9) }),
  first('the session expiry twice', '3.1.2.11.2', 'connack 0x82', {
    properties: properties(0x11, 0, 0, 0, 9, 0x11, 0, 0, 0, 9),
  }),
  first('a receive maximum of 0', '3.1.2.11.3', 'connack 0x82', {
    properties: properties(0x21, 0, 0),
  }),
  first('a maximum packet size of 0', '3.1.2.11.4', 'connack 0x82', {
    properties: properties(0x27, 0, 0, 0, 0),
  }),
  first('a maximum packet size that no CONNACK fits', '[MQTT-3.1.2-24]', 'closed', {
    properties: properties(0x27, 0, 0, 0, 4),
  }),
  first('a request for problem information of 2', '3.1.2.11.7', 'connack 0x82', {
    properties: properties(0x17, 2),
  }),
  first('a request for response information of 2', '3.1.2.11.6', 'connack 0x82', {
    properties: properties(0x19, 2),
  }),
  first('properties longer than the packet', '2.2.2.1', 'connack 0x81', { properties: [0x7e] }),
  first('a length of properties without an end', '1.5.5', 'connack 0x81', {
    properties: [0xff, 0xff, 0xff, 0xff, 0x01],
  }),
  first(
    'a length of properties with a byte too many',
    '[MQTT-1.5.5-1]',
    'connack 0x81',
    { properties: [0x80, 0x00] },
    'ours keeps the shortest form',
  ),
  first('a property cut by the length', '2.2.2', 'connack 0x81', {
    properties: [0x02, 0x11, 0x00],
  }),
  first('user properties, one name twice', '3.1.2.11.8', 'accepted', {
    properties: properties(PAIR, PAIR),
  }),
  first(
    '65 user properties',
    LIMIT,
    'connack 0x97',
    { properties: properties(...Array.from({ length: 65 }, () => PAIR)) },
    LIMIT,
  ),
  first('a user property that is no text', '[MQTT-1.5.4-1]', 'connack 0x81', {
    properties: properties(0x26, field([0xc3, 0x28]), field('b')),
  }),
  first('an authentication method', '[MQTT-4.12.0-1]', 'connack 0x8c', {
    properties: properties(0x15, field('SCRAM')),
  }),
  first(
    'authentication data without a method',
    '3.1.2.11.10',
    'connack 0x82',
    {
      properties: properties(0x16, field('x')),
    },
    STRICT,
  ),
  first('no client id and a lasting session', '[MQTT-3.1.3-6]', 'accepted', {
    id: '',
    flags: 0x80,
  }),
  first('the reserved connect flag', '[MQTT-3.1.2-3]', 'connack 0x81', { flags: 0x83 }),
  first('header flags', '[MQTT-2.1.3-1]', 'connack 0x81', { header: 0x11 }),
  first('a will of QoS 3', '[MQTT-3.1.2-12]', 'connack 0x81', {
    ...will(properties()),
    flags: 0x9e,
  }),
  first(
    'a will with all its properties',
    '3.1.3.2',
    'accepted',
    will(
      properties(
        0x18,
        0,
        0,
        0,
        1,
        0x01,
        1,
        0x02,
        0,
        0,
        0,
        9,
        0x03,
        field('t'),
        0x08,
        field('r'),
        0x09,
        field('c'),
        PAIR,
      ),
    ),
  ),
  first(
    'a will with a property of CONNECT',
    '3.1.3.2',
    'connack 0x82',
    will(properties(0x21, 0, 1)),
  ),
  first(
    'a will delay twice',
    '3.1.3.2.2',
    'connack 0x82',
    will(properties(0x18, 0, 0, 0, 1, 0x18, 0, 0, 0, 1)),
  ),
  first(
    'a payload format of 2 in a will',
    '3.1.3.2.3',
    'connack 0x82',
    will(properties(0x01, 2)),
    STRICT,
  ),
  first(
    'a response topic with a wildcard in a will',
    '[MQTT-3.3.2-14]',
    'connack 0x82',
    will(properties(0x08, field('a/#'))),
    STRICT,
  ),
  first(
    'a will topic with a wildcard',
    '[MQTT-3.3.2-2]',
    'connack 0x90',
    will(properties(), 'a/#'),
  ),
  first('an empty will topic', '[MQTT-4.7.3-1]', 'connack 0x90', will(properties(), '')),
  first('a retained will', '[MQTT-3.2.2-13]', 'accepted', { ...will(properties()), flags: 0xa6 }),
  first('an ill client id', '[MQTT-1.5.4-2]', 'connack 0x81', { id: [0x61, 0] }),
  first('a byte after the last field', '3.1', 'connack 0x81', { tail: [0] }),
  {
    name: 'a password without a user name',
    rule: '3.1.2.9',
    bytes: () => connect({ level: 5, flags: 0x42, username: undefined, tail: field('x') }),
    expect: 'connack 0x87',
    mosquitto: IDENTITY,
  },
  {
    name: 'a credential of nobody',
    rule: '[MQTT-3.1.4-2]',
    bytes: () => connect({ level: 5, username: 'A'.repeat(43) }),
    expect: 'connack 0x86',
    mosquitto: IDENTITY,
  },
  {
    name: 'a CONNECT of 3.1.1 with level 5',
    rule: '3.1.2.11',
    bytes: () => connect({ level: 5, properties: [], username: undefined, flags: 2, id: 'row' }),
    expect: 'connack 0x81',
  },
]

/** A row of packets after a good CONNECT, with the properties that it is to have. */
const then = (
  name: string,
  rule: string,
  expect: Outcome,
  bytes: Buffer,
  mosquitto?: string,
  connectProperties = raw(0),
): Row => ({
  name,
  rule,
  bytes: (username) => raw(connect({ level: 5, username, properties: connectProperties }), bytes),
  expect,
  ...(mosquitto === undefined ? {} : { mosquitto }),
})

const pub = (topic: string, ...props: readonly Part[]) =>
  publish(0x30, topic, { properties: properties(...props) })

const publishes: Row[] = [
  then('a PUBLISH with QoS 0', '3.3', 'accepted', pub('a')),
  then(
    'QoS 1 to a topic of others',
    '3.4.2.1',
    'puback 0x87',
    publish(0x32, 'a', { id: 1, properties: [0] }),
    DENY,
  ),
  then(
    'QoS 2 to a topic of others',
    '3.5.2.1',
    'pubrec 0x87',
    publish(0x34, 'a', { id: 1, properties: [0] }),
    DENY,
  ),
  then(
    'all properties of PUBLISH',
    '3.3.2.3',
    'accepted',
    pub(
      'a',
      0x01,
      1,
      0x02,
      0,
      0,
      0,
      0,
      0x03,
      field('t'),
      0x08,
      field('r'),
      0x09,
      field('c'),
      0x23,
      0,
      1,
      PAIR,
      PAIR,
    ),
    'ours takes topic aliases up to 16',
  ),
  then('topic alias 0', '3.3.2.3.4', 'disconnect 0x94', pub('a', 0x23, 0, 0)),
  then(
    'a topic alias over the maximum',
    '[MQTT-3.3.2-9]',
    'disconnect 0x94',
    pub('a', 0x23, 0, 17),
  ),
  then('a topic alias twice', '3.3.2.3.4', 'disconnect 0x82', pub('a', 0x23, 0, 1, 0x23, 0, 1)),
  then('a topic alias for nothing', '3.3.4', 'disconnect 0x82', pub('', 0x23, 0, 1)),
  then(
    'an alias, set and used',
    '3.3.2.3.4',
    'accepted',
    raw(pub('a', 0x23, 0, 1), pub('', 0x23, 0, 1)),
  ),
  then('no topic and no alias', '3.3.2.1', 'disconnect 0x82', pub('')),
  then('a payload format of 2', '3.3.2.3.2', 'disconnect 0x82', pub('a', 0x01, 2), STRICT),
  then(
    'a response topic with a wildcard',
    '[MQTT-3.3.2-14]',
    'disconnect 0x82',
    pub('a', 0x08, field('a/+')),
    STRICT,
  ),
  then(
    'an empty response topic',
    '[MQTT-4.7.3-1]',
    'disconnect 0x82',
    pub('a', 0x08, field('')),
    STRICT,
  ),
  then(
    'a subscription identifier in PUBLISH',
    '[MQTT-3.3.4-6]',
    'disconnect 0x82',
    pub('a', 0x0b, 1),
    STRICT,
  ),
  then(
    'a property of CONNECT in PUBLISH',
    '2.2.2.2',
    'disconnect 0x82',
    pub('a', 0x11, 0, 0, 0, 1),
  ),
  then('an unknown property in PUBLISH', '2.2.2.2', 'disconnect 0x81', pub('a', 0x00)),
  then(
    'a content type that is no text',
    '[MQTT-1.5.4-1]',
    'disconnect 0x81',
    pub('a', 0x03, field([0xff])),
  ),
  then(
    'properties longer than the PUBLISH',
    '2.2.2.1',
    'disconnect 0x81',
    packet(0x30, field('a'), 9, 1),
  ),
  then('no properties at all', '3.3.2.3', 'disconnect 0x81', packet(0x30, field('a'))),
  then('a wildcard in a topic', '[MQTT-3.3.2-2]', 'disconnect 0x90', pub('a/#')),
  then('a topic with U+0000', '[MQTT-1.5.4-2]', 'disconnect 0x81', pub('a\0')),
  then(
    'a PUBLISH with QoS 3',
    '[MQTT-3.3.1-4]',
    'disconnect 0x81',
    publish(0x36, 'a', { id: 1, properties: [0] }),
  ),
  then(
    'DUP with QoS 0',
    '[MQTT-3.3.1-2]',
    'disconnect 0x81',
    publish(0x38, 'a', { properties: [0] }),
    STRICT,
  ),
  then(
    'packet id 0',
    '[MQTT-2.2.1-3]',
    'disconnect 0x81',
    publish(0x32, 'a', { id: 0, properties: [0] }),
  ),
  then(
    'a retained PUBLISH',
    '[MQTT-3.2.2-14]',
    'accepted',
    publish(0x31, 'a', { properties: [0] }),
  ),
  then('a topic over the limit', LIMIT, 'disconnect 0x90', pub('x'.repeat(257)), LIMIT),
  then(
    'a packet over the maximum',
    '[MQTT-3.2.2-15]',
    'disconnect 0x95',
    raw(0x30, 0x80, 0x80, 0x08),
    LIMIT,
  ),
  then(
    'more under way than the receive maximum',
    '[MQTT-3.3.4-7]',
    'disconnect 0x93',
    raw(
      ...Array.from({ length: 101 }, (_, place) =>
        publish(0x34, 'latchkey/v1/claim', {
          id: place + 1,
          properties: [0],
          payload: '{}',
        }),
      ),
    ),
    'ours takes 100 at most',
  ),
]

const sub = (props: Buffer, ...filters: readonly (readonly [string, number])[]) =>
  subscribe5(props, ...filters)

const subscribes: Row[] = [
  then(
    'filters of its own and of others',
    '[MQTT-3.9.3-1]',
    'suback 1,0x87,1',
    sub(raw(0), [OWN, 1], ['#', 0], [OWN, 2]),
    DENY,
  ),
  then('all subscribe options that are', '3.8.3.1', 'suback 1', sub(raw(0), [OWN, 0x2d])),
  then('QoS 3', '3.8.3.1', 'disconnect 0x82', sub(raw(0), [OWN, 3])),
  then('retain handling 3', '3.8.3.1', 'disconnect 0x82', sub(raw(0), [OWN, 0x30])),
  then(
    'the sixth bit of the options',
    '[MQTT-3.8.3-5]',
    'disconnect 0x81',
    sub(raw(0), [OWN, 0x40]),
  ),
  then(
    'the seventh bit of the options',
    '[MQTT-3.8.3-5]',
    'disconnect 0x81',
    sub(raw(0), [OWN, 0x80]),
  ),
  then('a shared subscription', '3.2.2.3.13', 'suback 0x9e', sub(raw(0), ['$share/g/a', 0]), LACKS),
  then(
    'a shared subscription with no-local',
    '[MQTT-3.8.3-4]',
    'disconnect 0x82',
    sub(raw(0), ['$share/g/a', 4]),
    STRICT,
  ),
  then(
    'a subscription identifier',
    '3.2.2.3.12',
    'disconnect 0xa1',
    sub(properties(0x0b, 1), [OWN, 0]),
    LACKS,
  ),
  then(
    'a subscription identifier of 0',
    '3.8.2.1.2',
    'disconnect 0x82',
    sub(properties(0x0b, 0), [OWN, 0]),
  ),
  then(
    'a subscription identifier twice',
    '3.8.2.1.2',
    'disconnect 0x82',
    sub(properties(0x0b, 1, 0x0b, 2), [OWN, 0]),
  ),
  then(
    'a property of PUBLISH in SUBSCRIBE',
    '2.2.2.2',
    'disconnect 0x82',
    sub(properties(0x01, 1), [OWN, 0]),
  ),
  then(
    'user properties in SUBSCRIBE',
    '3.8.2.1.3',
    'suback 0',
    sub(properties(PAIR, PAIR), [OWN, 0]),
  ),
  then('a SUBSCRIBE without a filter', '[MQTT-3.8.3-2]', 'disconnect 0x82', sub(raw(0))),
  then('an ill filter', '[MQTT-4.7.1-1]', 'disconnect 0x81', sub(raw(0), ['a#', 0])),
  then(
    'a SUBSCRIBE without its flags',
    '[MQTT-3.8.1-1]',
    'disconnect 0x81',
    packet(0x80, 0, 7, 0, field(OWN), 0),
  ),
  then(
    'an UNSUBSCRIBE of what was not there',
    '[MQTT-3.11.3-1]',
    'unsuback 17',
    packet(0xa2, 0, 7, 0, field('a')),
  ),
  then(
    'an UNSUBSCRIBE without a filter',
    '[MQTT-3.10.3-2]',
    'disconnect 0x82',
    packet(0xa2, 0, 7, 0),
  ),
  then(
    'a property of SUBSCRIBE in UNSUBSCRIBE',
    '2.2.2.2',
    'disconnect 0x82',
    packet(0xa2, 0, 7, 2, 0x0b, 1, field('a')),
  ),
]

const others: Row[] = [
  then(
    'a second CONNECT',
    '[MQTT-3.1.0-2]',
    'disconnect 0x82',
    connect({ level: 5, username: 'x' }),
  ),
  then('an AUTH out of the blue', '4.12', 'disconnect 0x82', packet(0xf0, 0x18, 0)),
  then('an AUTH of nothing', '4.12', 'disconnect 0x82', packet(0xf0)),
  then('a packet of type 0', '2.1.2', 'disconnect 0x82', packet(0x00)),
  then('a CONNACK', '2.1.2', 'disconnect 0x82', packet(0x20, 0, 0, 0)),
  then('a PINGRESP', '2.1.2', 'disconnect 0x82', packet(0xd0), STRICT),
  then('a PINGREQ with flags', '[MQTT-2.1.3-1]', 'disconnect 0x81', raw(0xc1, 0), STRICT),
  then(
    'a length with a byte too many',
    '[MQTT-1.5.5-1]',
    'disconnect 0x81',
    raw(0xc0, 0x80, 0),
    'ours keeps the shortest form',
  ),
  then('a length without an end', '1.5.5', 'disconnect 0x81', raw(0x30, 0xff, 0xff, 0xff, 0xff, 1)),
  then(
    'a PUBACK with a reason and properties',
    '3.4.2',
    'accepted',
    packet(0x40, 0, 9, 0x10, properties(0x1f, field('x'), PAIR)),
  ),
  then('a PUBACK with a reason', '3.4.2.1', 'accepted', packet(0x40, 0, 9, 0x10)),
  then(
    'a PUBACK with a reason that is none',
    '[MQTT-3.4.2-1]',
    'disconnect 0x81',
    packet(0x40, 0, 9, 0x55),
    STRICT,
  ),
  then('a PUBREL for nothing', '3.7.2.1', 'pubcomp', packet(0x62, 0, 9)),
  then('a DISCONNECT', '[MQTT-3.14.4-1]', 'closed', packet(0xe0)),
  then('a DISCONNECT that wants its will', '3.14.2.1', 'closed', packet(0xe0, 0x04)),
  then(
    'a DISCONNECT with a reason that is none',
    '[MQTT-3.14.2-1]',
    'disconnect 0x81',
    packet(0xe0, 0x55),
  ),
  then(
    'a DISCONNECT that makes a session last',
    '[MQTT-3.14.2-2]',
    'disconnect 0x82',
    packet(0xe0, 0x00, properties(0x11, 0, 0, 0, 9)),
  ),
  then(
    'a DISCONNECT with a property of PUBLISH',
    '2.2.2.2',
    'disconnect 0x82',
    packet(0xe0, 0x00, properties(0x01, 1)),
  ),
  then('a DISCONNECT with a byte too many', '3.14', 'disconnect 0x81', packet(0xe0, 0x00, 0, 0)),
]

/** MQTT 5. Findings of the fuzz tests become rows here. */
export const ROWS_5: readonly Row[] = [...connects, ...publishes, ...subscribes, ...others]
