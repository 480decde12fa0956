import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { describeWithChromium } from '../support/browser.ts'
import { folder } from '../support/process.ts'
import { shellBlocks, type Typed, type } from '../support/readme.ts'
import { ADMIN, startServer } from '../support/server.ts'

const APP = shellBlocks('examples/app/README.md')
const DEVICE = shellBlocks('examples/device/README.md')

const room = folder()
const running: Typed[] = []
afterAll(async () => {
  for (const typed of running.toReversed()) await typed.end()
  room.drop()
})

/** What a reader of the page types, with addresses that nobody else on this machine has. */
const typed = (text: string, env: Readonly<Record<string, string>>): Typed => {
  const one = type(text, { env })
  running.push(one)
  return one
}

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const SERVER = {
  LATCHKEY_HTTP_PORT: '0',
  LATCHKEY_MQTT_PORT: '0',
  LATCHKEY_STORE: `embedded:${join(room.path, 'store')}`,
  LATCHKEY_KEY_FILE: join(room.path, 'instance.key'),
  LATCHKEY_MAIL: `file:${join(room.path, 'mail')}`,
  LATCHKEY_SMS: `file:${join(room.path, 'sms')}`,
  LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
}

describeWithChromium('the app and the device of the examples, as their pages say', (browser) => {
  let page: Page
  let lamp: Typed

  beforeAll(async () => {
    const port = await freePort()
    const [start = '', serve = ''] = APP
    const server = typed(start.replace(':3000', `:${port}`), SERVER)
    const ready = await server.says(
      /"mqtt":\{"host":"(.*?)","port":(\d+)\},"http":\{.*?"port":(\d+)/,
    )
    const [, host, mqtt, http] = ready
    const where = {
      LATCHKEY_MQTT: `mqtt://${host}:${mqtt}`,
      LATCHKEY_URL: `http://${host}:${http}`,
      PORT: `${port}`,
    }
    const [device = ''] = DEVICE
    lamp = typed(device.replace('what the first start has printed', ADMIN.password), where)
    browser.allow(where.LATCHKEY_URL)
    const [url] = await typed(serve, where).says(/http:\/\/\S+/)
    page = await browser.visit(url)
  })

  const field = (label: string) => page.getByLabel(label)
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()

  test('a person signs up, claims, switches, sees what happens and gives the lamp up', async () => {
    await field('E-mail').fill('ada@example.com')
    await field('Password').fill('correct horse')
    await press('Sign up')
    await field('Name of the lamp').fill('lamp-1')
    await field('What it shows').fill('not this')
    await press('Claim')
    await page.getByText(/Read the secret again|Check the device name/).waitFor()
    const [, secret = ''] = await lamp.says(/To claim me, type (\S+)/)
    await field('Name of the lamp').fill('lamp-1')
    await field('What it shows').fill(secret)
    await press('Claim')
    await page.locator('#lamps').getByText('lamp-1').waitFor()
    await lamp.says(/claimed/)
    await press('On')
    await lamp.says(/shining/)
    await page.getByText(/device\.event .*"isOn":true/).waitFor()
    await press('Off')
    await lamp.says(/dark/)
    await press('Release')
    await page.locator('#lamps li').waitFor({ state: 'detached' })
    // It is ready for the next one, with another secret.
    const shown = () => [...lamp.said().matchAll(/type (\S+)/g)].map(([, one]) => one)
    await lamp.says(/To claim me[\s\S]*To claim me/)
    expect(new Set(shown()).size).toBe(2)
  })
})

test('a lamp whose credential is refused says so, and ends', async () => {
  const server = await startServer()
  const env = { LATCHKEY_MQTT: server.mqttUrl, DEVICE_TOKEN: 'not a credential' }
  const lamp = type('node examples/device/device.mjs', { env })
  expect(await lamp.exited).toBe(1)
  expect(lamp.said()).toMatch(/Not authorized|Bad username/i)
  await server.close()
})
