import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { type AsyncApi, documentAt, schemasOf } from '../support/documents.ts'
import { folder } from '../support/process.ts'
import { hasCommands, ROOT, type Typed, type } from '../support/readme.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const HEADER = readFileSync(join(ROOT, 'examples/arduino/latchkey.h'), 'utf8')
const SKETCH = readFileSync(join(ROOT, 'examples/arduino/arduino.ino'), 'utf8')
const PYTHON = readFileSync(join(ROOT, 'examples/micropython/main.py'), 'utf8')

/** Texts by name, as the sketch of either language has them. */
const constantsIn = (text: string, form: RegExp) =>
  new Map([...text.matchAll(form)].map(([, name, value]) => [name, JSON.parse(`"${value}"`)]))
const CPP = constantsIn(HEADER, /constexpr char (\w+)\[\] = "(.*)";/g)
const PY = constantsIn(PYTHON, /^([A-Z_]+) = "(.*)"$/gm)

let server: TestServer
let maker: Api
let document: AsyncApi
const room = folder()
const running: Typed[] = []
beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
  document = await documentAt<AsyncApi>(server.httpUrl, '/asyncapi.json')
})
afterAll(async () => {
  for (const typed of running) await typed.end()
  await server.close()
  room.drop()
})

/** What the server itself says about topics: the channel, and whether a device speaks there. */
const channelsByTopic = () =>
  new Map(
    Object.entries(document.channels).map(([name, { address }]) => [
      address.replace(/\{\w+\}/, '%s'),
      { name, isSaid: document.operations[`on_${name}`]?.action === 'receive' },
    ]),
  )

describe('topics of the sketches are those of the server', () => {
  const HEARD = ['TOPIC_RESULT', 'TOPIC_OWNER', 'TOPIC_COMMANDS']
  test.each([
    ['latchkey.h', CPP, 9],
    ['main.py', PY, 7],
  ])('%s', (_, constants, count) => {
    const topics = [...constants].filter(([name]) => name?.startsWith('TOPIC_'))
    expect(topics).toHaveLength(count)
    const known = channelsByTopic()
    for (const [name = '', topic] of topics)
      expect([name, known.get(topic)?.isSaid]).toEqual([name, !HEARD.includes(name)])
  })

  test('the sketch for Arduino writes none of its own', () => {
    expect(SKETCH).not.toMatch(/"latchkey\/v1/)
    expect(SKETCH).toMatch(/: latchkey::HEARD\)/)
    expect(SKETCH.match(/latchkey::TOPIC_\w+/g)?.length).toBeGreaterThan(4)
  })
})

/** Payloads that the templates give, as a device sends them: the channel, and the text. */
const filled = (): (readonly [string, string])[] => {
  const fill = (name: string, ...values: readonly string[]) => {
    const left = [...values]
    return String(CPP.get(name)).replace(/%(s|lu)/g, () => left.shift() ?? '')
  }
  return [
    ['TOPIC_CLAIM', fill('WINDOW', '"482-913"', '60000')],
    ['TOPIC_LINK', fill('LINK', '"our Wi-Fi"')],
    ['TOPIC_CODE', fill('CODE', '"7KQ2-9XWM-4TRV"')],
    ['TOPIC_EVENTS', fill('EVENT', '"light"', '{"isOn":true}')],
    ['TOPIC_RELEASE', fill('RELEASE')],
  ]
}

test('payloads of latchkey.h are what the schemas of the server take', () => {
  const faultsOf = schemasOf(document)
  for (const [topic, text] of filled()) {
    const name = channelsByTopic().get(CPP.get(topic))?.name ?? ''
    expect([topic, faultsOf(JSON.parse(text), 'components', 'messages', name, 'payload')]).toEqual([
      topic,
      [],
    ])
  }
})

const PROGRAM = `
#include "latchkey.h"
#include <stdlib.h>
// Each line: what there is to write, of which text, in how much room. It answers with what was written, or with nothing.
int main() {
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    char *kind = strtok(line, "\\t"), *room = strtok(nullptr, "\\t"), *text = strtok(nullptr, "\\n");
    if (!text) text = const_cast<char *>("");
    for (char *at = text; *at; ++at) if (*at == '\\x01') *at = '\\n';
    char out[4096];
    const size_t size = strtoul(room, nullptr, 10);
    bool fits = false;
    switch (kind[0]) {
      case 'w': fits = latchkey::window(out, size, text, 60000); break;
      case 'l': fits = latchkey::link(out, size, text); break;
      case 'c': fits = latchkey::code(out, size, text); break;
      case 'e': fits = latchkey::event(out, size, text, "{\\"isOn\\":true}"); break;
      case 'a': fits = latchkey::ackTopic(out, size, text); break;
    }
    puts(fits ? out : "");
  }
}
`

const describeWith = (name: string, needs: readonly string[]) =>
  hasCommands(...needs)
    ? (define: () => void) => describe(name, define)
    : (define: () => void) => describe.skip(`${name} (skipped: there is no ${needs})`, define)

describeWith('latchkey.h, compiled', ['g++'])(() => {
  const program = join(room.path, 'program')
  beforeAll(() => {
    writeFileSync(`${program}.cpp`, PROGRAM)
    const warnings = ['-Wall', '-Wextra', '-Werror', '-Wno-format-nonliteral']
    const args = ['-std=c++11', ...warnings, '-fsanitize=address,undefined', `${program}.cpp`]
    const include = ['-I', join(ROOT, 'examples/arduino'), '-o', program]
    const { status, stderr } = spawnSync('g++', [...args, ...include], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })

  const NEWLINE = '\u0001'
  /** What it writes; nothing where it does not fit. */
  const written = (kind: string, text: string, size = 2048): string => {
    const input = `${kind}\t${size}\t${text.replaceAll('\n', NEWLINE)}\n`
    const { status, stdout, stderr } = spawnSync(program, [], { input, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    return stdout.slice(0, -1)
  }

  const TEXTS = ['482-913', 'say "hello"', 'back\\slash', 'two\nlines', 'Küche 🏠', '%s%n']

  test.each(TEXTS)('quotes %j as JSON', (text) => {
    expect(JSON.parse(written('w', text))).toEqual({ secret: text, durationMs: 60_000 })
    expect(JSON.parse(written('l', text))).toEqual({ linkId: text })
    expect(JSON.parse(written('c', text))).toEqual({ code: text })
    expect(JSON.parse(written('e', text))).toEqual({ eventType: text, eventData: { isOn: true } })
  })

  test('writes the whole of it or says that there is no room, to the byte', () => {
    const whole = written('w', '482-913')
    expect(written('w', '482-913', whole.length + 1)).toBe(whole)
    for (const size of [whole.length, 20, 2, 1]) expect(written('w', '482-913', size)).toBe('')
    expect(JSON.parse(written('l', 'x'.repeat(256)))).toEqual({ linkId: 'x'.repeat(256) })
    expect(written('l', '"'.repeat(2000), 4096)).toBe('')
  })

  test('what it writes claims, acknowledges, tells and releases at a real server', async () => {
    const ada = await customer(server.httpUrl)
    const made = await makeDevice(maker)
    const heard = ['TOPIC_RESULT', 'TOPIC_OWNER', 'TOPIC_COMMANDS'].map((name) => CPP.get(name))
    const [RESULT, OWNER, COMMANDS] = heard
    const device = await connectDevice(server.mqttUrl, made.token, heard)
    expect(await device.next(OWNER)).toMatchObject({ claimed: false })
    const secret = 'say "hello" \\ 🏠'
    await device.publish(CPP.get('TOPIC_CLAIM'), written('w', secret))
    expect(await device.next(RESULT)).toMatchObject({ state: 'open' })
    await device.publish(CPP.get('TOPIC_LINK'), written('l', 'a word of ours'))
    expect(await device.next(RESULT)).toMatchObject({ state: 'waiting' })
    await device.publish(CPP.get('TOPIC_CODE'), written('c', 'NOT-A-CODE'))
    expect(await device.next(RESULT)).toMatchObject({ state: 'refused', reason: 'code-unknown' })
    const claim = await ada.post(`${V1}/claims`, { device: made.name, secret })
    expect(claim.status).toBe(201)
    expect(await device.next(RESULT)).toMatchObject({ state: 'claimed', epoch: 1 })
    expect(await device.next(OWNER)).toMatchObject({ claimed: true, epoch: 1 })

    const at = `${V1}/devices/${made.id}`
    await ada.post(`${at}/commands`, { action: 'switch', parameters: { isOn: true } })
    const { id } = await device.next(COMMANDS)
    await device.publish(written('a', id), 'true')
    const command = (await ada.get(`${at}/commands/${id}`)).body
    expect(command).toMatchObject({ state: 'acknowledged', result: true })
    await device.publish(CPP.get('TOPIC_EVENTS'), written('e', 'light'))
    const events = (await ada.get(`${at}/events`)).body.items
    expect(events.at(-1).data).toMatchObject({ eventType: 'light', eventData: { isOn: true } })
    await device.publish(CPP.get('TOPIC_RELEASE'), CPP.get('RELEASE'))
    expect(await device.next(OWNER)).toMatchObject({ claimed: false, epoch: 2 })
    await device.end()
  })
})

describeWith('main.py, run by Python 3', ['python3'])(() => {
  const lampWith = (token: string, more = ''): Typed => {
    const { hostname, port } = new URL(server.mqttUrl)
    const home = folder()
    const settings = [`SERVER = "${hostname}"`, `PORT = ${port}`, `DEVICE_TOKEN = "${token}"`, more]
    writeFileSync(join(home.path, 'settings.py'), `${settings.join('\n')}\n`)
    const path = [home.path, join(ROOT, 'test/examples')].join(':')
    const env = { PYTHONPATH: path, PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' }
    const lamp = type('python3 examples/micropython/main.py', { env })
    running.push(lamp)
    void lamp.exited.then(home.drop)
    return lamp
  }

  test('shows a secret, is claimed by it, obeys, tells, and is ready for the next one', async () => {
    const ada = await customer(server.httpUrl)
    const made = await makeDevice(maker)
    const lamp = lampWith(made.token)
    const [, secret] = await lamp.says(/To claim me, type (\d{3}-\d{3})/)
    await lamp.says(/^open/m)
    const claim = await ada.post(`${V1}/claims`, { device: made.name, secret })
    expect(claim.status).toBe(201)
    await lamp.says(/^claimed/m)
    const at = `${V1}/devices/${made.id}`
    const order = { action: 'switch', parameters: { isOn: true } }
    const { id } = (await ada.post(`${at}/commands`, order)).body
    await lamp.says(/^shining/m)
    const told = async () => (await ada.get(`${at}/events?waitMs=10000`)).body.items
    while (!JSON.stringify(await told()).includes('"isOn":true'));
    const command = (await ada.get(`${at}/commands/${id}`)).body
    expect(command).toMatchObject({ state: 'acknowledged', result: { isOn: true } })
    await ada.delete(`${at}/owner`)
    await lamp.says(/To claim me[\s\S]*To claim me/)
  })

  test('with a word that its person knows too, it needs no screen', async () => {
    const ada = await customer(server.httpUrl)
    const made = await makeDevice(maker)
    const linkId = 'the Wi-Fi of Ada'
    const claim = (await ada.post(`${V1}/claims`, { linkId })).body
    await lampWith(made.token, `LINK_ID = "${linkId}"`).says(/^claimed/m)
    expect((await ada.get(`${V1}/claims/${claim.id}`)).body).toMatchObject({
      ...{ state: 'claimed', device: made.id },
    })
  })
})
