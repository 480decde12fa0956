import type { TSchema } from 'typebox'
import { ReasonWord } from '../../shared/model/device-messages.ts'
import type { Channel, Channels } from './channel.ts'
import { createComponents } from './components.ts'

/** What a description of the messages is made of. */
export type MessagesDescribed = {
  readonly channels: Channels
  readonly shapes: Readonly<Record<string, TSchema>>
  readonly version: string
}

const HOST = { host: { default: 'localhost', description: 'Where Latchkey runs' } }
const SERVERS = {
  mqtt: {
    host: '{host}:1883',
    protocol: 'mqtt',
    protocolVersion: '5.0',
    description: 'MQTT 3.1.1 and 5; 8883 with TLS; over WebSocket at /mqtt of the HTTP port',
    variables: HOST,
    security: [{ $ref: '#/components/securitySchemes/device' }],
  },
  http: {
    host: '{host}:8080',
    protocol: 'http',
    variables: HOST,
    security: [{ $ref: '#/components/securitySchemes/session' }],
  },
  ws: {
    host: '{host}:8080',
    protocol: 'ws',
    variables: HOST,
    security: [{ $ref: '#/components/securitySchemes/session' }],
  },
}

const ABOUT = `What devices say and hear over MQTT, and what apps hear live.

The user name is the device's credential; there is no password. Every topic is a device's own: two devices that publish on the same one are never mixed up.
With QoS 1 an acknowledged message is a stored one. The HTTP API: [/openapi.json](/openapi.json).`

const SCHEMES = {
  device: {
    type: 'userPassword',
    description: 'User name: the credential of the device; no password. Or an X.509 certificate',
  },
  session: {
    type: 'http',
    scheme: 'bearer',
    description: 'The token of a session; a browser brings a ticket in the query',
  },
}

const parametersOf = (address: string) => {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string)
  if (names.length === 0) return {}
  const rows = names.map((name) => [name, { description: 'Of the command' }])
  return { parameters: Object.fromEntries(rows) }
}

const channelOf = (name: string, { address, over, summary }: Channel) => ({
  address,
  title: summary,
  servers: [{ $ref: `#/servers/${over ?? 'mqtt'}` }],
  messages: { [name]: { $ref: `#/components/messages/${name}` } },
  ...parametersOf(address),
})

const refTo = (name: string) => ({
  channel: { $ref: `#/channels/${name}` },
  messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
})

/** Seen from Latchkey: what it receives, what it sends. */
const operationOf = (name: string, { by, summary, answeredOn, over }: Channel) => ({
  action: by === 'latchkey' ? 'send' : 'receive',
  ...refTo(name),
  summary,
  ...(by === 'device' || by === 'latchkey' ? {} : { description: `For a ${by}` }),
  ...(over === undefined ? { bindings: { mqtt: { qos: 1, retain: false } } } : {}),
  ...(answeredOn === undefined ? {} : { reply: refTo(answeredOn) }),
})

/** AsyncAPI 3 of our own topics and streams. */
export const describeMessages = ({ channels, shapes, version }: MessagesDescribed) => {
  const { refer, schemas } = createComponents({ ...shapes, Reason: ReasonWord })
  const rows = Object.entries(channels)
  const messageOf = ([name, { summary, body }]: [string, Channel]) => [
    name,
    { name, summary, contentType: 'application/json', payload: refer(body) },
  ]
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Latchkey',
      version,
      description: ABOUT,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: Object.fromEntries(rows.map(([name, row]) => [name, channelOf(name, row)])),
    operations: Object.fromEntries(
      rows.map(([name, row]) => [`on_${name}`, operationOf(name, row)]),
    ),
    components: {
      schemas,
      messages: Object.fromEntries(rows.map(messageOf)),
      securitySchemes: SCHEMES,
    },
  }
}
