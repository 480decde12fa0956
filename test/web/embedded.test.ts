import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { button, field, said } from '../support/claim-page.ts'
import { connectDevice } from '../support/device.ts'
import { freePort } from '../support/redis-server.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let stranger: Server
let maker: Api
let ada: Awaited<ReturnType<typeof customer>>
let app: string
let strange: string

/** An app of somebody else, on a host of its own: a page with our element in it. */
const page = (attributes: string) => `<!doctype html><html lang="en"><title>An app</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<style>latchkey-claim { --latchkey-accent: #7a1fa2; --latchkey-radius: 4px; max-width: 24rem }
latchkey-claim::part(button) { text-transform: uppercase }</style>
<main><h1>An app</h1><latchkey-claim server="${server.httpUrl}" ${attributes}></latchkey-claim></main>
<script type="module" src="${server.httpUrl}/widget.js"></script>`

const listen = async (port: number): Promise<Server> => {
  const host = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://app')
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(page(searchParams.get('attributes') ?? ''))
  })
  await new Promise<void>((resolve) => host.listen(port, '127.0.0.1', resolve))
  return host
}

let host: Server
beforeAll(async () => {
  const port = await freePort()
  app = `http://127.0.0.1:${port}`
  server = await startServer({ LATCHKEY_ORIGINS: app })
  maker = await signIn(server.httpUrl)
  ada = await customer(server.httpUrl)
  host = await listen(port)
  stranger = await listen(0)
  strange = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
})
afterAll(async () => {
  for (const one of [host, stranger]) {
    one.closeAllConnections()
    await new Promise((resolve) => one.close(resolve))
  }
  await server.close()
})

const ELEMENT = 'document.querySelector("latchkey-claim")'
const at = (attributes: string, origin = app) =>
  `${origin}/?attributes=${encodeURIComponent(attributes)}`

describeWithChromium('the element in an app on another host', ({ visit, allow }) => {
  const opened = async (attributes: string, setUp: string) => {
    allow(server.httpUrl)
    const shown = await visit(at(attributes))
    await shown.waitForFunction(`${ELEMENT}.matches(':defined')`)
    await shown.evaluate(setUp)
    return shown
  }

  test('claims with the app’s token, tells the app, and lets it finish', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    const shown = await opened(
      '',
      `{
        globalThis.told = []
        ${ELEMENT}.getToken = async (isOver) => { told.push(['token', isOver]); return ${JSON.stringify(ada.token)} }
        ${ELEMENT}.afterClaim = async (claim) => { told.push(['after', claim]) }
        document.addEventListener('latchkey-claimed', ({ detail }) => told.push(['claimed', detail]))
      }`,
    )
    await field(shown, 'Device name').fill(device.name)
    await field(shown, 'Secret key').fill('right')
    expect(await violationsOf(shown)).toEqual([])
    await shoot(shown, 'embedded')
    await button(shown, 'Claim device').click()
    await said(shown, 'The device is yours').waitFor()
    const told = await shown.evaluate<[string, unknown][]>('told')
    const claim = { device: device.id, epoch: 1, claim: expect.any(String) }
    expect(told.filter(([what]) => what !== 'token')).toEqual([
      ['after', claim],
      ['claimed', claim],
    ])
    expect(told[0]).toEqual(['token', false])
    expect(await shown.evaluate('localStorage.length + sessionStorage.length')).toBe(0)
  })

  test('waits for the device there too, by a stream', async () => {
    const device = await makeDevice(maker)
    const live = await connectDevice(server.mqttUrl, device.token)
    const shown = await opened('ways="link"', `${ELEMENT}.token = ${JSON.stringify(ada.token)}`)
    const streams = shown.waitForResponse((reply) => reply.url().includes('/events?ticket='))
    await field(shown, 'Shared ID').fill('across')
    await button(shown, 'Claim device').click()
    expect((await streams).status()).toBe(200)
    await live.publish('latchkey/v1/link', { linkId: 'across' })
    await said(shown, 'The device is yours').waitFor()
    await live.end()
  })

  test('looks and speaks as the app wants', async () => {
    const shown = await opened(
      'heading="Add a lamp" button-label="Add" device-label="Serial" secret-label="PIN" no-scan show-secret ' +
        'device-required-message="Serial, please" secret-required-message="PIN, please" ' +
        'failed-message="No luck" success-message="Added"',
      `${ELEMENT}.token = ${JSON.stringify(ada.token)}`,
    )
    const device = await makeDevice(maker, { claimCode: 'right' })
    await shown.getByRole('heading', { name: 'Add a lamp' }).waitFor()
    expect(await button(shown, 'Scan QR code').count()).toBe(0)
    const add = button(shown, 'Add')
    const style = (name: string) =>
      add.evaluate(
        (place, wanted) =>
          (
            globalThis as unknown as { getComputedStyle(e: unknown): Record<string, string> }
          ).getComputedStyle(place)[wanted],
        name,
      )
    expect(await style('backgroundColor')).toBe('rgb(122, 31, 162)')
    expect(await style('borderRadius')).toBe('4px')
    expect(await style('textTransform')).toBe('uppercase')
    await add.click()
    await said(shown, 'Serial, please').waitFor()
    await said(shown, 'PIN, please').waitFor()
    await field(shown, 'Serial').fill(device.name)
    const pin = field(shown, 'PIN')
    expect(await pin.getAttribute('type')).toBe('text')
    await pin.fill('wrong')
    await add.click()
    await said(shown, 'No luck').waitFor()
    await pin.fill('right')
    await add.click()
    await said(shown, 'Added').waitFor()
  })

  test('hides the secret where none is needed, and its labels where there is no room', async () => {
    const shown = await opened(
      'no-secret no-labels ways="device" lang="de" not-found-message="Gibt es nicht"',
      `${ELEMENT}.token = ${JSON.stringify(maker.token)}`,
    )
    expect(await shown.locator('latchkey-claim #secret').count()).toBe(0)
    expect(await shown.locator('latchkey-claim [part=way]').count()).toBe(0)
    const name = field(shown, 'Gerätename')
    expect(await name.getAttribute('placeholder')).toBe('Gerätename')
    expect(await shown.locator('latchkey-claim label[for=device]').boundingBox()).toMatchObject({
      width: 1,
    })
    const sent = shown.waitForRequest((request) => request.method() === 'POST')
    await name.fill('nobody')
    await button(shown, 'Gerät übernehmen').click()
    expect((await sent).postDataJSON()).toEqual({ device: 'nobody' })
    await said(shown, 'Gibt es nicht').waitFor()
  })

  test('can be set by properties as by attributes', async () => {
    const shown = await opened('', `${ELEMENT}.buttonLabel = 'Take it', ${ELEMENT}.noScan = true`)
    await button(shown, 'Take it').waitFor()
    expect(await shown.evaluate(`${ELEMENT}.getAttribute('button-label')`)).toBe('Take it')
    expect(await button(shown, 'Scan QR code').count()).toBe(0)
    await shown.evaluate(`${ELEMENT}.buttonLabel = null`)
    await button(shown, 'Claim device').waitFor()
    await shown.evaluate(`${ELEMENT}.prefill({ way: 'code', code: 'ABCD-EFGH-JKMN' })`)
    expect(await field(shown, 'Claim code').inputValue()).toBe('ABCD-EFGH-JKMN')
  })

  test('asks the app for another token once, and says when nobody is signed in', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    const shown = await opened(
      '',
      `{
        globalThis.out = 0
        document.addEventListener('latchkey-signed-out', () => { out += 1 })
        ${ELEMENT}.getToken = async () => undefined
      }`,
    )
    await field(shown, 'Device name').fill(device.name)
    await field(shown, 'Secret key').fill('right')
    await button(shown, 'Claim device').click()
    await said(shown, 'Not signed in').waitFor()
    expect(await shown.evaluate('out')).toBe(1)
    await shown.evaluate(
      `${ELEMENT}.getToken = async (isOver) => isOver ? ${JSON.stringify(ada.token)} : 'old'`,
    )
    await button(shown, 'Claim device').click()
    await said(shown, 'The device is yours').waitFor()
  })

  test('says that the app’s last step has failed, and that the device is claimed all the same', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    const shown = await opened(
      '',
      `{
        ${ELEMENT}.token = ${JSON.stringify(ada.token)}
        ${ELEMENT}.afterClaim = () => { throw new Error('no such asset') }
        console.error = () => {}
      }`,
    )
    await field(shown, 'Device name').fill(device.name)
    await field(shown, 'Secret key').fill('right')
    await button(shown, 'Claim device').click()
    await said(shown, 'The device is yours').waitFor()
    await said(shown, /the app could not set the device up/).waitFor()
  })

  test('gets nothing from the server in a page that is not on its list', async () => {
    allow(server.httpUrl)
    const shown = await visit(at('', strange))
    await shown.route('**/latchkey/v1/**', async (route) => {
      const reply = await route.fetch()
      expect(reply.headers()['access-control-allow-origin']).toBeUndefined()
      await route.abort()
    })
    await shown.waitForFunction(`${ELEMENT}.matches(':defined')`)
    await shown.evaluate(`${ELEMENT}.token = ${JSON.stringify(ada.token)}`)
    await field(shown, 'Device name').fill('x')
    await field(shown, 'Secret key').fill('y')
    await button(shown, 'Claim device').click()
    await said(shown, 'The service cannot be reached').waitFor()
  })
})
