import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { type Api, makeDevice, signIn } from '../support/api.ts'
import { type BadNetwork, startBadNetwork } from '../support/bad-network.ts'
import { describeWithChromium } from '../support/browser.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const COMMANDS = 'latchkey/v1/commands'

let pages: Server
let server: TestServer
let network: BadNetwork
let maker: Api
let origin: string

/** A page of another host, with the client as a bundler puts it there. */
const servePages = async () => {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(ROOT, 'client/index.ts')], bundle: true, minify: true, write: false },
    ...{ format: 'esm', target: 'es2022', platform: 'browser' },
  })
  const script = outputFiles[0]?.text ?? ''
  pages = createServer((asked, reply) => {
    const isScript = asked.url === '/client.js'
    const type = isScript ? 'text/javascript' : 'text/html'
    reply.writeHead(200, { 'content-type': type })
    reply.end(isScript ? script : '<!doctype html><title>An app</title><link rel=icon href=data:,>')
  })
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`
  return script
}

let script: string
beforeAll(async () => {
  script = await servePages()
  server = await startServer({ LATCHKEY_ORIGINS: origin })
  network = await startBadNetwork(server.httpUrl)
  maker = await signIn(server.httpUrl)
})
afterAll(async () => {
  await network.close()
  await server.close()
  pages.close()
})

test('the client is small, and asks for nothing of Node', () => {
  expect(script.length).toBeLessThan(12_000)
  expect(script).not.toMatch(/\bnode:|\brequire\(|\bprocess\./)
})

describeWithChromium('in a browser, on a page of another host', ({ visit, allow }) => {
  const opened = async () => {
    allow(network.url)
    const page = await visit(origin)
    await page.evaluate(`(async () => {
      const { createClient } = await import('/client.js')
      globalThis.latchkey = createClient({ server: ${JSON.stringify(network.url)} })
    })()`)
    // Whatever is asked runs where `latchkey` is the client.
    // biome-ignore lint/suspicious/noExplicitAny: a page answers with any JSON
    const ask = (code: string): Promise<any> => page.evaluate(`(async () => { ${code} })()`)
    return { page, ask }
  }

  test('signs in, claims, hears, commands and releases', async () => {
    const { ask } = await opened()
    const device = await makeDevice(maker, { claimCode: 'printed' })
    const who = JSON.stringify({ email: 'ada@example.com', password: 'correct horse' })
    await ask(`await latchkey.makeAccount(${who}); await latchkey.signIn(${who})`)
    const claim = (secret: string) =>
      ask(`return latchkey.claim({ device: '${device.name}', secret: '${secret}' })`)
    const refused = await claim('wrong')
    // A script of another host may read `Location`: LATCHKEY_ORIGINS.
    expect(refused).toMatchObject({ ok: false, status: 403, claim: expect.any(String) })
    expect(await claim('printed')).toMatchObject({ ok: true, value: { state: 'claimed' } })

    const mqtt = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
    await ask(`
      globalThis.heard = []
      await new Promise((resolve) => {
        const listen = async () => {
          for await (const event of latchkey.events({ onOpen: resolve })) {
            heard.push(event)
            globalThis.told?.()
          }
        }
        listen()
      })
    `)
    const hears = (count: number) =>
      ask(`
        while (heard.filter(({ type }) => type === 'latchkey.device.event').length < ${count})
          await new Promise((resolve) => { globalThis.told = resolve })
        return heard.filter(({ type }) => type === 'latchkey.device.event').map(({ data }) => data.eventData)
      `)
    await mqtt.publish('latchkey/v1/events', { eventType: 'count', eventData: { number: 1 } })
    expect(await hears(1)).toEqual([{ number: 1 }])
    // The stream breaks, and goes on behind the last event.
    network.cut()
    await mqtt.publish('latchkey/v1/events', { eventType: 'count', eventData: { number: 2 } })
    expect(await hears(2)).toEqual([{ number: 1 }, { number: 2 }])

    const given = await ask(
      `return latchkey.giveCommand({ id: '${device.id}', action: 'blink', parameters: [1] })`,
    )
    expect(await mqtt.next(COMMANDS)).toMatchObject({ id: given.value.id, action: 'blink' })
    await mqtt.end()
    const released = await ask(`return latchkey.releaseDevice({ id: '${device.id}' })`)
    expect(released).toMatchObject({ ok: true, status: 204 })
  })

  test('waits for the device, and says who it was', async () => {
    const { ask } = await opened()
    const who = JSON.stringify({ email: 'bob@example.com', password: 'correct horse' })
    await ask(`await latchkey.makeAccount(${who}); await latchkey.signIn(${who})`)
    const id = await ask(`return (await latchkey.claim({ linkId: 'our SSID' })).value.id`)
    const decided = ask(`return latchkey.untilDecided('${id}')`)
    const device = await makeDevice(maker)
    const mqtt = await connectDevice(server.mqttUrl, device.token)
    await mqtt.publish('latchkey/v1/link', { linkId: 'our SSID' })
    await mqtt.end()
    expect(await decided).toMatchObject({ value: { state: 'claimed', device: device.id } })
  })

  test('renames a device: every method is let through', async () => {
    const { ask } = await opened()
    await ask(`await latchkey.signIn({ email: 'admin@localhost', password: 'a-good-password' })`)
    const device = await makeDevice(maker)
    const renamed = await ask(`return latchkey.renameDevice({ id: '${device.id}', name: 'torch' })`)
    expect(renamed).toMatchObject({ ok: true, value: { name: 'torch' } })
  })
})
