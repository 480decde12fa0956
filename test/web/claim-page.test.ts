import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium } from '../support/browser.ts'
import { button, claimOn, field, PASSWORD, said, signInOn } from '../support/claim-page.ts'
import { connectDevice } from '../support/device.ts'
import { blankPicture, qrPicture } from '../support/picture.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const SECRET = 'box key 482-913 '

let server: TestServer
let maker: Api
let device: Awaited<ReturnType<typeof makeDevice>>
let ada: Awaited<ReturnType<typeof customer>>

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())
beforeEach(async () => {
  device = await makeDevice(maker, { claimCode: SECRET })
  ada = await customer(server.httpUrl)
})

const owner = async () => (await maker.get(`${V1}/devices/${device.id}`)).body.owner

const link = (secret = SECRET) =>
  `${server.httpUrl}/c#d=${encodeURIComponent(device.name)}&s=${encodeURIComponent(secret)}`

describeWithChromium('the claim page', ({ visit, complaints }) => {
  describe('a person', () => {
    test('signs in, types what is printed, and owns the device', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await claimOn(page, device.name, SECRET)
      await said(page, 'The device is yours').waitFor()
      await said(page, `You can use ${device.name} right away.`).waitFor()
      expect(await owner()).toBe(ada.home)
      await button(page, 'Claim another device').click()
      expect(await field(page, 'Device name').inputValue()).toBe('')
    })

    test('claims with a secret that the device itself shows', async () => {
      const fresh = await makeDevice(maker)
      const live = await connectDevice(server.mqttUrl, fresh.token, ['latchkey/v1/claim/result'])
      await live.publish('latchkey/v1/claim', { secret: '77-12', durationMs: 60_000 })
      await live.next('latchkey/v1/claim/result')
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await claimOn(page, fresh.name, '77-12')
      await said(page, 'The device is yours').waitFor()
      expect(await live.next('latchkey/v1/claim/result')).toMatchObject({ state: 'claimed' })
      await live.end()
    })

    test('makes an account where the project lets him', async () => {
      const page = await visit(link())
      await button(page, 'New here? Create an account').click()
      await field(page, 'E-mail address').fill('new.person@example.com')
      await field(page, 'Password').fill('short')
      await button(page, 'Create an account').click()
      await said(page, 'The password needs at least 8 characters').waitFor()
      await field(page, 'Password').fill('long enough for this')
      await button(page, 'Create an account').click()
      await button(page, 'Claim device').click()
      await said(page, 'The device is yours').waitFor()
      const who = { email: 'new.person@example.com', password: 'long enough for this' }
      const mine = await (await signIn(server.httpUrl, who)).get(`${V1}/devices`)
      expect(mine.body.items).toMatchObject([{ id: device.id }])
    })

    test('signs in to a project of its own, and is offered no account where there are none', async () => {
      const policy = { signUp: false }
      const made = await maker.post(`${V1}/projects`, {
        ...{ name: 'acme', accounts: 'email', provisioning: 'pre', policy },
      })
      const who = { email: 'eve@acme.example', password: PASSWORD, project: made.body.id }
      expect((await maker.post(`${V1}/users`, who)).status).toBe(201)
      const page = await visit(`${server.httpUrl}/claim?project=acme`)
      await page.waitForLoadState('networkidle')
      expect(await button(page, 'New here? Create an account').count()).toBe(0)
      await signInOn(page, who.email)
      await said(page, 'Claim a device').waitFor()
    })

    test('stays signed in over a reload, and is signed out everywhere when he says so', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await said(page, ada.email).waitFor()
      await page.reload()
      await said(page, ada.email).waitFor()
      const kept = await page.evaluate<string>('sessionStorage.getItem("latchkey-session")')
      const { token } = JSON.parse(kept) as { token: string }
      expect(await page.evaluate('localStorage.length + document.cookie.length')).toBe(0)
      const ended = page.waitForResponse((reply) => reply.request().method() === 'DELETE')
      await button(page, 'Sign out').click()
      await field(page, 'E-mail address').waitFor()
      expect((await ended).status()).toBe(204)
      expect((await api(server.httpUrl, { token }).get(`${V1}/devices`)).status).toBe(401)
      await page.reload()
      await field(page, 'E-mail address').waitFor()
    })

    test('is told that the e-mail or the password is wrong, and tries again', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      await button(page, /^Sign in$/).click()
      await said(page, 'An e-mail address is required').waitFor()
      await said(page, 'A password is required').waitFor()
      await signInOn(page, ada.email, 'not the password')
      await said(page, 'The e-mail address or the password is wrong.').waitFor()
      await signInOn(page, ada.email)
      await said(page, 'Claim a device').waitFor()
    })

    test('signs in again when his session is over, and nothing that he typed is lost', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await field(page, 'Device name').fill(device.name)
      await field(page, 'Secret key').fill(SECRET)
      expect((await ada.delete(`${V1}/sessions`)).status).toBe(204)
      await button(page, 'Claim device').click()
      await said(page, 'Your session is over').waitFor()
      await signInOn(page, ada.email)
      await button(page, 'Claim device').click()
      await said(page, 'The device is yours').waitFor()
    })
  })

  describe('a link', () => {
    test('fills the fields; its secret leaves the address at once and reaches no server before he claims', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      const asked: string[] = []
      page.on('request', (request) =>
        asked.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData()}`),
      )
      await page.goto(link())
      await said(page, `Sign in to claim ${device.name}.`).waitFor()
      expect(page.url()).toBe(`${server.httpUrl}/c`)
      await signInOn(page, ada.email)
      await said(page, 'One more tap and the device is yours.').waitFor()
      expect(await field(page, 'Secret key').inputValue()).toBe(SECRET)
      expect(asked.length).toBeGreaterThan(3)
      for (const word of [SECRET, encodeURIComponent(SECRET)])
        expect(asked.filter((text) => text.includes(word))).toEqual([])
      expect(await owner()).toBeUndefined()
      await button(page, 'Claim device').click()
      await said(page, 'The device is yours').waitFor()
      expect(await owner()).toBe(ada.home)
      expect(page.url()).toBe(`${server.httpUrl}/c`)
    })

    test('opened in a page that is there already fills its fields anew', async () => {
      const page = await visit(`${server.httpUrl}/c`)
      await signInOn(page, ada.email)
      await field(page, 'Device name').fill('something else')
      await page.goto(link())
      await said(page, 'One more tap and the device is yours.').waitFor()
      expect(await field(page, 'Device name').inputValue()).toBe(device.name)
      await button(page, 'Use something else').click()
      expect(await field(page, 'Device name').inputValue()).toBe('')
      expect(await field(page, 'Secret key').inputValue()).toBe('')
    })

    test('without a secret leaves the secret to be typed', async () => {
      const page = await visit(`${server.httpUrl}/c#d=${device.name}`)
      await signInOn(page, ada.email)
      expect(await field(page, 'Device name').inputValue()).toBe(device.name)
      await button(page, 'Claim device').click()
      await said(page, 'Secret key is required').waitFor()
    })
  })

  describe('a picture of a QR code', () => {
    const choose = (
      page: Awaited<ReturnType<typeof visit>>,
      picture: ReturnType<typeof qrPicture>,
    ) => page.locator('latchkey-claim input[type=file]').setInputFiles(picture)

    test.each([
      ['our link', () => link()],
      ["ThingsBoard's JSON", () => JSON.stringify({ deviceName: device.name, secretKey: SECRET })],
    ])('with %s fills the fields, and one tap claims', async (_, content) => {
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await choose(page, qrPicture(content()))
      await said(page, 'One more tap and the device is yours.').waitFor()
      await button(page, 'Claim device').click()
      await said(page, 'The device is yours').waitFor()
      expect(await owner()).toBe(ada.home)
    })

    test('of something else says what it is not', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await choose(page, blankPicture())
      await said(page, 'No QR code found').waitFor()
      await choose(page, { ...blankPicture(), buffer: Buffer.from('no picture') })
      await said(page, 'No QR code found').waitFor()
      await choose(page, qrPicture('https://shop.example/lamp'))
      await said(page, 'Not the code of a device').waitFor()
      await choose(page, qrPicture('https://other.example/c#d=lamp&s=secret'))
      await said(page, 'A code for another service').waitFor()
      await said(page, /other\.example/).waitFor()
      expect(await field(page, 'Secret key').inputValue()).toBe('')
    })
  })

  test('a secret can be looked at, and is hidden again', async () => {
    const page = await visit(`${server.httpUrl}/claim`)
    await signInOn(page, ada.email)
    const secret = field(page, 'Secret key')
    await secret.fill('seen')
    expect(await secret.getAttribute('type')).toBe('password')
    await button(page, 'Show secret key').click()
    expect(await secret.getAttribute('type')).toBe('text')
    await button(page, 'Hide secret key').click()
    expect(await secret.getAttribute('type')).toBe('password')
  })

  test('the page speaks the language of its reader, and another when he asks', async () => {
    const page = await visit(link(), { locale: 'de-AT' })
    await page.getByRole('heading', { name: 'Anmelden' }).waitFor()
    expect(await page.title()).toBe('Machen Sie es zu Ihrem')
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    await field(page, 'E-Mail-Adresse').fill(ada.email)
    await button(page, 'English').click()
    expect(await field(page, 'E-mail address').inputValue()).toBe(ada.email)
    await signInOn(page, ada.email)
    await said(page, 'Code read').waitFor()
    await button(page, 'Deutsch').click()
    await said(page, 'Code gelesen').waitFor()
    expect(await field(page, 'Geheimer Schlüssel').inputValue()).toBe(SECRET)
    await page.reload()
    await page.getByRole('heading', { name: 'Gerät übernehmen' }).waitFor()
  })

  test('text never becomes markup, and no other script runs', async () => {
    const name = '<img src=x onerror="document.title=1">'
    const page = await visit(`${server.httpUrl}/c#d=${encodeURIComponent(name)}`)
    await said(page, `Sign in to claim ${name}.`).waitFor()
    expect(await page.locator('img').count()).toBe(0)
    const markup = "document.body.innerHTML = '<p>'"
    await expect(page.evaluate(markup)).rejects.toThrow(/TrustedHTML/)
    const script = "document.createElement('script').textContent = 'document.title = 1'"
    await expect(page.evaluate(script)).rejects.toThrow(/TrustedScript/)
    const foreign = "fetch('https://other.example/').catch(({ message }) => message)"
    expect(await page.evaluate(foreign)).toBe('Failed to fetch')
    expect(complaints().join('\n')).toMatch(/connect-src 'self'/)
  })

  test('without a network the page says so, and what stands in the fields stays', async () => {
    const page = await visit(link())
    await page.context().setOffline(true)
    await signInOn(page, ada.email)
    await said(page, 'The service cannot be reached').waitFor()
    await page.context().setOffline(false)
    await signInOn(page, ada.email)
    await page.context().setOffline(true)
    await button(page, 'Claim device').click()
    await said(page, 'The service cannot be reached').waitFor()
    await page.context().setOffline(false)
    await button(page, 'Claim device').click()
    await said(page, 'The device is yours').waitFor()
  })

  test('a maker is told that there is no such device', async () => {
    const page = await visit(`${server.httpUrl}/claim`)
    await signInOn(page, ADMIN.email, ADMIN.password)
    await claimOn(page, 'nobody-has-this-name', 'x')
    await said(page, 'Device not found').waitFor()
  })
})
