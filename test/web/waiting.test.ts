import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium } from '../support/browser.ts'
import { button, choose, field, said, signInOn } from '../support/claim-page.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const LINK = 'latchkey/v1/link'
const RESULT = 'latchkey/v1/claim/result'

let server: TestServer
let maker: Api
let ada: Awaited<ReturnType<typeof customer>>
let links = 0

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())
beforeEach(async () => {
  ada = await customer(server.httpUrl)
  links += 1
})

const connected = async () => {
  const device = await makeDevice(maker)
  return { device, live: await connectDevice(server.mqttUrl, device.token, [RESULT]) }
}

describeWithChromium('a claim that waits for its device', ({ visit }) => {
  type Page = Awaited<ReturnType<typeof visit>>

  const link = async (page: Page, linkId: string) => {
    await choose(page, 'Shared ID')
    await field(page, 'Shared ID').fill(linkId)
    await button(page, 'Claim device').click()
  }

  const waiting = async (prepare: (page: Page) => Promise<unknown> = async () => undefined) => {
    const linkId = `wifi ${links}`
    const page = await visit(`${server.httpUrl}/claim`)
    await prepare(page)
    await signInOn(page, ada.email)
    await link(page, linkId)
    await said(page, 'Waiting for the device').waitFor()
    return { page, linkId }
  }

  test('counts down, and turns into a check mark as soon as the device answers', async () => {
    const { device, live } = await connected()
    const heard: Promise<unknown>[] = []
    const { page, linkId } = await waiting(async (page) => {
      heard.push(page.waitForRequest((request) => request.url().includes('/events?ticket=')))
    })
    await Promise.all(heard)
    await said(page, linkId).waitFor()
    expect(await page.getByRole('timer').textContent()).toMatch(/^(23:59:\d\d|24:00:00)$/)
    await live.publish(LINK, { linkId })
    await said(page, 'The device is yours').waitFor()
    await said(page, `You can use ${device.name} right away.`).waitFor()
    expect((await maker.get(`${V1}/devices/${device.id}`)).body.owner).toBe(ada.home)
    await live.end()
  })

  test('finishes by long polls where no stream gets through', async () => {
    const { live } = await connected()
    const polls: Promise<unknown>[] = []
    const { page, linkId } = await waiting(async (page) => {
      await page.route('**/latchkey/v1/events?*', (route) => route.abort())
      polls.push(page.waitForRequest((request) => request.url().includes('waitMs=25000')))
    })
    await Promise.all(polls)
    await live.publish(LINK, { linkId })
    await said(page, 'The device is yours').waitFor()
    await live.end()
  })

  test('finishes where the server gives no tickets', async () => {
    const { live } = await connected()
    const { page, linkId } = await waiting((page) =>
      page.route('**/latchkey/v1/tickets', (route) => route.fulfill({ status: 503, body: '{}' })),
    )
    await live.publish(LINK, { linkId })
    await said(page, 'The device is yours').waitFor()
    await live.end()
  })

  test('is over at once when the device came first', async () => {
    const { live } = await connected()
    const linkId = `wifi ${links}`
    await live.publish(LINK, { linkId })
    const page = await visit(`${server.httpUrl}/c#l=${encodeURIComponent(linkId)}`)
    await signInOn(page, ada.email)
    await button(page, 'Claim device').click()
    await said(page, 'The device is yours').waitFor()
    await live.end()
  })

  test('tells both of two people who wait on one id that it is taken', async () => {
    const { page, linkId } = await waiting()
    const eve = await customer(server.httpUrl)
    const other = await visit(`${server.httpUrl}/claim`)
    await signInOn(other, eve.email)
    await link(other, linkId)
    await said(other, 'This ID is taken').waitFor()
    await said(page, 'This ID is taken').waitFor()
  })

  test('waits as well for the device that brings a code, and does not show the code', async () => {
    const { device, live } = await connected()
    const { code } = (await ada.post(`${V1}/claim-codes`, {})).body
    const page = await visit(`${server.httpUrl}/c#c=${encodeURIComponent(code)}`)
    await signInOn(page, ada.email)
    await button(page, 'Claim device').click()
    await said(page, 'Waiting for the device').waitFor()
    expect(await said(page, code).count()).toBe(0)
    await live.publish('latchkey/v1/code', { code })
    await said(page, `You can use ${device.name} right away.`).waitFor()
    await live.end()
  })

  test('says that the time is over when the device has not come', async () => {
    const made = await maker.post(`${V1}/projects`, {
      ...{ name: 'hasty', accounts: 'email', provisioning: 'pre' },
      policy: { linkTtlMs: 1000 },
    })
    const who = { email: 'hasty@example.com', password: 'a good password', project: made.body.id }
    await maker.post(`${V1}/users`, who)
    const page = await visit(`${server.httpUrl}/claim`)
    await signInOn(page, who.email, who.password)
    await link(page, 'nobody comes')
    await said(page, 'The device did not answer in time').waitFor()
    await button(page, 'Claim device').waitFor()
  })

  test('can be left, and goes on on the server', async () => {
    const { live, device } = await connected()
    const { page, linkId } = await waiting()
    await button(page, 'Start over').click()
    await button(page, 'Claim device').waitFor()
    await live.publish(LINK, { linkId })
    expect(await live.next(RESULT)).toMatchObject({ state: 'claimed' })
    expect((await maker.get(`${V1}/devices/${device.id}`)).body.owner).toBe(ada.home)
    expect(await said(page, 'The device is yours').count()).toBe(0)
    await live.end()
  })

  test('goes on when the network comes back', async () => {
    const { live } = await connected()
    const { page, linkId } = await waiting()
    await page.context().setOffline(true)
    await live.publish(LINK, { linkId })
    await page.context().setOffline(false)
    await said(page, 'The device is yours').waitFor({ timeout: 25_000 })
    await live.end()
  })
})
