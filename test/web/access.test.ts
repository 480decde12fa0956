import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { focused, PASSWORD } from '../support/claim-page.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())

const NARROW = { width: 360, height: 640 }
const WIDE = { width: 1280, height: 800 }

/** Resolves when nothing moves any more, but for what never ends. */
const SETTLED = `Promise.allSettled(
  [document, document.querySelector('latchkey-claim').shadowRoot]
    .flatMap((root) => root.getAnimations())
    .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
    .map(({ finished }) => finished),
)`

const LOOKS = [
  ['en', 'light', 'wide', WIDE],
  ['en', 'dark', 'narrow', NARROW],
  ['de', 'light', 'narrow', NARROW],
  ['de', 'dark', 'wide', WIDE],
] as const

/** A customer who has no wrong try left. */
const guesser = async () => {
  const ada = await customer(server.httpUrl)
  const { token = '' } = ada
  for (let guess = 0; guess < 20; guess++)
    await api(server.httpUrl, { token }).post(`${V1}/claims`, { device: 'x', secret: `${guess}` })
  return ada
}

describeWithChromium('everybody can use the claim page', ({ visit }) => {
  type Page = Awaited<ReturnType<typeof visit>>

  /** Nothing for axe to complain of, nothing wider than the screen, and a picture for people. */
  const examine = async (page: Page, name: string) => {
    await page.evaluate(SETTLED)
    expect(await violationsOf(page)).toEqual([])
    expect(
      await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
    ).toBeLessThanOrEqual(0)
    await shoot(page, name)
  }

  test('axe sees a fault in the page and in the element where there is one', async () => {
    const page = await visit(`${server.httpUrl}/claim`)
    await page.evaluate('document.getElementById("email").removeAttribute("id")')
    await page.evaluate(
      'document.querySelector("latchkey-claim").removeAttribute("hidden"), document.querySelector("latchkey-claim").shadowRoot.getElementById("device").removeAttribute("id")',
    )
    const found = (await violationsOf(page)).filter((text) => text.startsWith('label:'))
    expect(found).toHaveLength(2)
  })

  test.each(LOOKS)(
    'in %s, %s, %s: in every state',
    async (lang, colorScheme, width, viewport) => {
      const device = await makeDevice(maker, { claimCode: 'right' })
      const ada = await customer(server.httpUrl)
      const eve = await guesser()
      const locale = lang === 'de' ? 'de-DE' : 'en-GB'
      const name = (state: string) => `${lang}-${colorScheme}-${width}-${state}`
      const page = await visit(`${server.httpUrl}/c#d=${device.name}&s=right`, {
        ...{ viewport, colorScheme, locale },
      })
      const main = page.locator('latchkey-claim [part=button]')
      const signIn = page.locator('#sign-in')
      const enter = async ({ email }: { email: string }, password = PASSWORD) => {
        await page.locator('#email').fill(email)
        await page.locator('#password').fill(password)
        await signIn.locator('[type=submit]').click()
      }

      await signIn.locator('button.link').waitFor()
      await examine(page, name('01-sign-in'))
      await signIn.locator('[type=submit]').click()
      await signIn.locator('.wrong').first().waitFor()
      await examine(page, name('02-sign-in-missing'))
      await enter(ada, 'not the password')
      await signIn.getByRole('alert').waitFor()
      await examine(page, name('03-sign-in-wrong'))
      await signIn.locator('button.link').click()
      await examine(page, name('04-sign-up'))
      await signIn.locator('button.link').click()
      await enter(ada)
      await main.waitFor()
      await examine(page, name('05-read'))
      await page.locator('latchkey-claim [part=again-button]').click()
      await examine(page, name('06-form'))
      await main.click()
      await examine(page, name('07-missing'))
      await page.locator('latchkey-claim #device').fill(device.name)
      await page.locator('latchkey-claim #secret').fill('wrong')
      await main.click()
      await page.getByRole('alert').waitFor()
      await examine(page, name('08-refused'))
      await page.locator('latchkey-claim #secret').fill('right')
      await main.click()
      await page.locator('latchkey-claim [part=claimed]').waitFor()
      await examine(page, name('09-claimed'))
      await page.locator('latchkey-claim [part=again-button]').click()
      await page.locator('latchkey-claim [part=way]').nth(1).click()
      await page.locator('latchkey-claim #link').fill(`SSID of ${name('')}`)
      await examine(page, name('10-link'))
      await main.click()
      await page.locator('latchkey-claim [part=waiting]').waitFor()
      await examine(page, name('11-waiting'))
      await page.locator('#account button').click()
      await enter(eve)
      await page.locator('latchkey-claim [part=way]').nth(0).click()
      await page.locator('latchkey-claim #device').fill(device.name)
      await page.locator('latchkey-claim #secret').fill('wrong')
      await main.click()
      await page.getByRole('timer').waitFor()
      await examine(page, name('12-held'))
    },
    90_000,
  )

  test('by the keyboard alone', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    const { email } = await customer(server.httpUrl)
    const page = await visit(`${server.httpUrl}/claim`)
    await page.locator('#sign-in button.link').waitFor()
    const { keyboard } = page
    const tab = async (to: string) => {
      for (let presses = 0; presses < 12; presses++) {
        await keyboard.press('Tab')
        if ((await focused(page)) === to) return
      }
      throw new Error(`the keyboard does not come to ${to}`)
    }
    await tab('email')
    await keyboard.type(email)
    await tab('password')
    await keyboard.type(PASSWORD)
    await keyboard.press('Enter')
    await page.locator('latchkey-claim #device').waitFor()
    expect(await focused(page)).toBe('device')
    await keyboard.type(device.name)
    await tab('secret')
    await keyboard.type('wrong')
    await tab('secret-toggle')
    await keyboard.press('Space')
    expect(await page.locator('latchkey-claim #secret').getAttribute('type')).toBe('text')
    await tab('button')
    await keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    // The keyboard is where it was: one step back is the field to mend.
    expect(await focused(page)).toBe('button')
    await keyboard.press('Shift+Tab')
    await keyboard.press('Shift+Tab')
    expect(await focused(page)).toBe('secret')
    await keyboard.press('ControlOrMeta+A')
    await keyboard.type('right')
    await keyboard.press('Enter')
    await page.locator('latchkey-claim [part=claimed]').waitFor()
    expect(await focused(page)).toBe('step-title')
    await tab('again-button')
    await keyboard.press('Enter')
    await tab('way-device')
    await keyboard.press('ArrowRight')
    expect(await focused(page)).toBe('way-link')
    await tab('link')
  })

  test('by ear: what has a name says it, and what happens is said', async () => {
    const { email } = await customer(server.httpUrl)
    const page = await visit(`${server.httpUrl}/claim`)
    await page.locator('#email').fill(email)
    await page.locator('#password').fill(PASSWORD)
    await page.keyboard.press('Enter')
    const element = page.locator('latchkey-claim')
    await element.locator('#device').waitFor()
    const tree = await element.ariaSnapshot()
    for (const line of [
      'region "Claim a device"',
      'heading "Claim a device" [level=2]',
      'button "Scan QR code"',
      'button "Use a picture"',
      'group "What do you have?"',
      'radio "Name and key" [checked]',
      'radio "Shared ID"',
      'textbox "Device name"',
      'textbox "Secret key"',
      'button "Show secret key"',
      'button "Claim device"',
    ])
      expect(tree).toContain(line)
    await element.locator('[part=way]').nth(1).click()
    await element.locator('#link').fill('a word')
    await element.locator('[part=button]').click()
    await element.locator('[part=waiting]').waitFor()
    // The keyboard was in the element: it is on the heading, which a screen reader says.
    expect(await focused(page)).toBe('step-title')
  })

  test('without motion for who wants none', async () => {
    const device = await makeDevice(maker, { claimCode: 'right' })
    const { email } = await customer(server.httpUrl)
    const claimed = async (reducedMotion: 'reduce' | 'no-preference', secret: string) => {
      const url = `${server.httpUrl}/c#d=${device.name}&s=${secret}`
      const page = await visit(url, { reducedMotion })
      await page.locator('#email').fill(email)
      await page.locator('#password').fill(PASSWORD)
      await page.keyboard.press('Enter')
      await page.locator('latchkey-claim [part=button]').click()
      const mark = page.locator('latchkey-claim [part=check] path')
      await mark.waitFor()
      return mark.evaluate((path) => path.getAnimations().length)
    }
    expect(await claimed('reduce', 'right')).toBe(0)
    const expiresAt = new Date(Date.now() + 60_000).toISOString()
    await maker.put(`${V1}/devices/${device.id}/box-key`, { secret: 'again', expiresAt })
    expect(await claimed('no-preference', 'again')).toBe(1)
  })
})
