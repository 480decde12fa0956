import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium } from '../support/browser.ts'
import { button, claimOn, field, said, signInOn } from '../support/claim-page.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const STRANGER = 'Check the name and the secret key, and that the device is ready to be claimed.'

let server: TestServer
let maker: Api
let ada: Awaited<ReturnType<typeof customer>>

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())
beforeEach(async () => {
  ada = await customer(server.httpUrl)
})

describeWithChromium('a refused claim', ({ visit }) => {
  const signedIn = async () => {
    const page = await visit(`${server.httpUrl}/claim`)
    await signInOn(page, ada.email)
    return page
  }

  test('says the same to a stranger, whatever the cause, and lets him try again', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    const page = await signedIn()
    for (const [name, secret] of [
      [device.name, 'wrong'],
      ['no-such-device', 'wrong'],
    ] as const) {
      await claimOn(page, name, secret)
      const alert = page.getByRole('alert')
      expect(await alert.locator('strong').textContent()).toBe('That did not work')
      expect(await alert.locator('p').textContent()).toBe(STRANGER)
      expect(await field(page, 'Secret key').inputValue()).toBe('wrong')
    }
    await claimOn(page, device.name, 'right')
    await said(page, 'The device is yours').waitFor()
  })

  test('says why to who has shown the right secret', async () => {
    const device = await makeDevice(maker, { claimCode: 'right', claimingAllowed: false })
    const page = await signedIn()
    await claimOn(page, device.name, 'right')
    await said(page, 'This device cannot be claimed').waitFor()
  })

  test('is none when the device is his already', async () => {
    const device = await makeDevice(maker, { claimCode: 'first' })
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    const page = await signedIn()
    await claimOn(page, device.name, 'first')
    await said(page, 'The device is yours').waitFor()
    const key = { secret: 'second', expiresAt }
    expect((await maker.put(`${V1}/devices/${device.id}/box-key`, key)).status).toBe(200)
    await button(page, 'Claim another device').click()
    await claimOn(page, device.name, 'second')
    await said(page, 'Yours already').waitFor()
  })

  test.each([
    ['en-GB', 'Secret key', 'Claim device', 'A typing error', 'did not count as a try'],
    ['de-DE', 'Geheimer Schlüssel', 'Gerät übernehmen', 'Ein Tippfehler', 'als Versuch zählt'],
  ])('in %s tells a typing error in a printed key, which is no wrong try', async (...words) => {
    const [locale, label, act, title, text] = words
    const { id, name } = await makeDevice(maker)
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    const key = 'K-2222-2222-2222-2223'
    expect(
      (await maker.put(`${V1}/devices/${id}/box-key`, { secret: key, expiresAt })).status,
    ).toBe(200)
    const page = await visit(`${server.httpUrl}/claim#d=${name}`, { locale })
    await page.locator('#email').fill(ada.email)
    await page.locator('#password').fill('customer-password')
    await page.locator('#sign-in [type=submit]').click()
    await field(page, label).fill('K-2222-2222-2222-2322')
    await button(page, act).click()
    const alert = page.getByRole('alert')
    await alert.getByText(title).waitFor()
    expect(await alert.locator('p').textContent()).toContain(text)
    expect((await maker.get(`${V1}/devices/${id}/attempts`)).body.items).toEqual([])
  })

  test.each([
    ['en-GB', 'This is not an e-mail address'],
    ['de-DE', 'Das ist keine E-Mail-Adresse'],
  ])('in %s an address with a typing error is told before anything is sent', async (...words) => {
    const [locale, text] = words
    const page = await visit(`${server.httpUrl}/claim`, { locale })
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.locator('#email').fill('ada.example.com')
    await page.locator('#password').fill('customer-password')
    await page.locator('#sign-in [type=submit]').click()
    await said(page, text).waitFor()
    expect(asked).toEqual([])
  })

  test('says which field is empty, and puts the keyboard there', async () => {
    const page = await signedIn()
    await button(page, 'Claim device').click()
    await said(page, 'Device name is required').waitFor()
    await said(page, 'Secret key is required').waitFor()
    const name = field(page, 'Device name')
    expect(await name.getAttribute('aria-invalid')).toBe('true')
    expect(await name.evaluate((place) => place.matches(':focus'))).toBe(true)
    await name.fill('lamp')
    await button(page, 'Claim device').click()
    expect(await said(page, 'Device name is required').count()).toBe(0)
    await said(page, 'Secret key is required').waitFor()
  })

  test('too many times makes a pause, which is counted down, and then he can try again', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    // All but the last of the 20 wrong tries of an account (docs/operations.md).
    const guesser = api(server.httpUrl, { token: ada.token as string })
    for (let guess = 0; guess < 19; guess++)
      await guesser.post(`${V1}/claims`, { device: device.name, secret: `guess ${guess}` })
    const page = await visit(`${server.httpUrl}/claim`)
    await page.clock.install()
    await signInOn(page, ada.email)
    await claimOn(page, device.name, 'wrong')
    await said(page, 'That did not work').waitFor()
    await claimOn(page, device.name, 'right')
    await said(page, 'Too many wrong tries').waitFor()
    const timer = page.getByRole('timer')
    const [minutes = 0, seconds = 0] = ((await timer.textContent()) ?? '').split(':').map(Number)
    const leftS = minutes * 60 + seconds
    expect(leftS).toBeGreaterThan(0)
    expect(leftS).toBeLessThanOrEqual(600)
    const claim = button(page, 'Claim device')
    expect(await claim.getAttribute('aria-disabled')).toBe('true')
    let asked = 0
    page.on('request', () => {
      asked += 1
    })
    await claim.click({ force: true })
    await page.clock.runFor((leftS - 5) * 1000)
    expect(await timer.textContent()).toMatch(/^0:0[3-6]$/)
    expect(await claim.getAttribute('aria-disabled')).toBe('true')
    expect(asked).toBe(0)
    await page.clock.runFor(8000)
    expect(await timer.count()).toBe(0)
    expect(await claim.getAttribute('aria-disabled')).toBeNull()
    // The server's clock has not moved: it says so again.
    await claim.click()
    await said(page, 'Too many wrong tries').waitFor()
    expect(asked).toBeGreaterThan(0)
  })
})
