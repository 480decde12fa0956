/**
 * What thethings.io's own clients send, byte for byte: taken between the unmodified clients and this server, with the
 * host name alone changed. CODE and TOKEN stand where the activation code and the thing token stood; both have 43
 * characters, so that every length is as it was.
 */
const CODE = 'CODE'.padEnd(43, '~')
const TOKEN = 'TOKEN'.padEnd(43, '~')

/** Puts an activation code and a thing token where they belong. */
export const filled = (recorded: string, code: string, token: string): string =>
  recorded.replaceAll(CODE, code).replaceAll(TOKEN, token)

const JSON_HEADERS = 'Content-Type: application/json\r\nAccept: application/json\r\n'
const HOST = 'Host: api.devices.thethings.io\r\nConnection: keep-alive\r\n'

/** github theThings/thethings.iO-SDK-Javascript at 8f6a15512a14920fb436782845097dead3dadab6, on Node 20. */
export const SDK = {
  // Every example, on its first run: http-client.js `activateThing`.
  activate: `POST /v2/things HTTP/1.1\r\n${JSON_HEADERS}${HOST}Content-Length: 64\r\n\r\n{"activationCode":"${CODE}"}`,
  // examples/random-writer.js
  write: `POST /v2/things/${TOKEN}? HTTP/1.1\r\n${JSON_HEADERS}${HOST}Content-Length: 41\r\n\r\n{"values":[{"key":"voltage","value":76}]}`,
  // examples/simple-reader.js
  read: `GET /v2/things/${TOKEN}/resources/voltage?limit=15 HTTP/1.1\r\nAccept: application/json\r\n${HOST}\r\n`,
  // examples/read-with-pagination.js
  readPage: `GET /v2/things/${TOKEN}/resources/voltage?limit=3&endDate=20150201000000&startDate=20150101000000 HTTP/1.1\r\nAccept: application/json\r\n${HOST}\r\n`,
  // examples/realtime-lag-test.js: a stream on one connection, a write on another.
  subscribe: `GET /v2/things/${TOKEN}?keepAlive=60000 HTTP/1.1\r\n${JSON_HEADERS}${HOST}\r\n`,
  writeHello: `POST /v2/things/${TOKEN}? HTTP/1.1\r\n${JSON_HEADERS}${HOST}Content-Length: 44\r\n\r\n{"values":[{"key":"hello","value":"world"}]}`,
  // examples/subscriber.js
  subscribeWithBeat: `GET /v2/things/${TOKEN}?keepAlive=10000 HTTP/1.1\r\n${JSON_HEADERS}${HOST}\r\n`,
} as const

/**
 * github theThings/thethings.iO-mqtt-node at b777b012c66a6019042c64834b56e4945103db45, examples/complete-client.js with
 * mqtt 4.1.0: one character for each byte.
 */
export const COMPLETE_CLIENT = {
  connect: '\x10\x1b\x00\x04MQTT\x04\x02\x00<\x00\x0fmqttjs_ac8be83e',
  activationTopic: `v2/activations/${CODE}/0.2973446112219815`,
  activate: `\x82R\x82\xfe\x00Mv2/activations/${CODE}/0.2973446112219815\x00`,
  subscribe: `\x82:\x82\xff\x005v2/things/${TOKEN}\x00`,
  write: `\x30\x60\x005v2/things/${TOKEN}{"values":[{"key":"fun","value":"9000"}]}`,
} as const

/** The same repository, examples/last-will-client.js. */
export const LAST_WILL_CLIENT = {
  connect: `\x10\x93\x01\x00\x04MQTT\x04\x06\x00<\x00\x0fmqttjs_511694b9\x005v2/things/${TOKEN}\x00?{"values":[{"key":"LWT","value":"Device Last Will Testament"}]}`,
  subscribe: `\x82:\xbc\xc5\x005v2/things/${TOKEN}\x00`,
} as const
