import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import mqttPacket from 'mqtt-packet'
import { pino } from 'pino'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
/** What one event may be in the log. */
const LONGEST_LINE = 4096
const FLOOD = 1000

let server: TestServer
let said = ''

beforeAll(async () => {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk)
      done()
    },
  })
  server = await startServer({}, pino({ level: 'trace', base: null }, stream))
})
afterAll(() => server.close())

/** What makes two lines of one, colours a terminal, closes a string, or is looked up by somebody else's logger. */
const NASTY = [
  'a\nb',
  'a\r\nforged: yes',
  '\u001b[31mred\u001b[0m',
  '\u009b2J',
  '"},{"level":60',
  '\u2028\u2029',
  '\u202ereversed',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant as it is
  '${jndi:ldap://127.0.0.1/x}',
  '%s%n%x',
  '\u0000',
]
const HUGE = 'x'.repeat(1_000_000)

/** Sends bytes and waits for the end of the connection. */
const send = async (url: string, bytes: Buffer): Promise<void> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  socket.resume()
  socket.once('connect', () => socket.write(bytes))
  await new Promise((resolve) => socket.once('close', resolve))
}

const connectOf = (clientId: string, username: string): Buffer =>
  mqttPacket.generate({
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 1 },
    ...{ clientId, username, password: Buffer.from(username) },
  })

const lines = () => said.trimEnd().split('\n')

// research/security.md S132, CWE-117.
test('one event is one line of JSON, short and without anything that a terminal obeys, whatever was sent', async () => {
  const maker = await signIn(server.httpUrl)
  const who = await customer(server.httpUrl)
  for (const text of [...NASTY, HUGE]) {
    const escaped = encodeURIComponent(text.slice(0, 5000))
    const header = { 'user-agent': text.replace(/[^\u0020-\u007e]/g, '?').slice(0, 5000) }
    await maker.get(`${V1}/devices/${escaped}`, header)
    await who.get(`/${escaped}?x=${escaped}`, header)
    await who.post(`${V1}/claims`, { device: text, secret: text })
    await who.post(`${V1}/sessions`, { email: text, password: text })
    await maker.post(`${V1}/devices`, { name: text })
    await fetch(`${server.httpUrl}/v1/devices`, {
      method: 'POST',
      headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
      body: `{"id":${text}`,
    }).then((reply) => reply.body?.cancel())
    if (text.length < 60_000) await send(server.mqttUrl, connectOf(text, text))
    // The reserved packet type 15.
    await send(server.mqttUrl, Buffer.concat([Buffer.from([0xf0, 2]), Buffer.from(text)]))
    await send(server.httpUrl.replace('http', 'mqtt'), Buffer.from(`GET /${text} HTTP/9.9\r\n\r\n`))
  }
  expect(lines().length).toBeGreaterThan(1)
  for (const line of lines()) {
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), msg: expect.any(String) })
    expect(line.length).toBeLessThanOrEqual(LONGEST_LINE)
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u)
    for (const text of NASTY) expect(line).not.toContain(JSON.stringify(text).slice(1, -1))
  }
}, 60_000)

/** One count of the metrics. */
const countOf = async (line: string): Promise<number> => {
  const { text } = await api(server.httpUrl).get('/metrics')
  const found = text.split('\n').find((one) => one.startsWith(`${line} `))
  return Number(found?.slice(line.length) ?? 0)
}

// research/security.md S133.
test('a flood of clients’ mistakes is counted one by one, and said a few times', async () => {
  const maker = await signIn(server.httpUrl)
  const { token } = await makeDevice(maker)
  const strays =
    'latchkey_http_request_duration_seconds_count{method="other",route="none",status="4xx"}'
  const malformed = 'latchkey_limits_total{limit="[MQTT-2.2.3] the length has no end"}'
  const before = said.length
  const counts = async () => [await countOf(strays), await countOf(malformed)]
  const [straysBefore = 0, malformedBefore = 0] = await counts()
  const work = Array.from({ length: 20 }, async () => {
    for (let n = 0; n < FLOOD / 20; n++) {
      await fetch(`${server.httpUrl}/nothing/${n}`).then((reply) => reply.body?.cancel())
      await send(server.mqttUrl, Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]))
    }
  })
  await Promise.all(work)
  expect(await counts()).toEqual([straysBefore + FLOOD, malformedBefore + FLOOD])
  // 10 MB a minute are allowed; a kind is said once a minute.
  expect(said.length - before).toBeLessThan(100_000)
  expect(said).not.toContain(token)
}, 60_000)
