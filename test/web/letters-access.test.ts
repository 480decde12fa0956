import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { api, customer, signIn } from '../support/api.ts'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { focused } from '../support/claim-page.ts'
import { letterTo } from '../support/letters.ts'
import { modeHome, modeProject, modeUser, send } from '../support/mode.ts'
import { claimWithCode, newDevice, newEmail, newUser } from '../support/particle.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const NEW = 'a whole new password'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const LOOKS = [
  ['en', 'light', 'wide', { width: 1280, height: 800 }],
  ['en', 'dark', 'narrow', { width: 360, height: 640 }],
  ['de', 'light', 'narrow', { width: 360, height: 640 }],
  ['de', 'dark', 'wide', { width: 1280, height: 800 }],
] as const

const resetLink = async () => {
  const { email } = await customer(server.httpUrl)
  await api(server.httpUrl).post(`${V1}/password-resets`, { email })
  return (await letterTo(server, email)).link
}

const inviteLink = async () => {
  const project = await modeProject(server)
  const ada = await modeUser(server, project)
  const home = await modeHome(server, ada)
  const email = newEmail()
  const path = `/homes/${home.id}/members`
  await send(server.httpUrl, 'POST', path, { key: ada.key, body: { email } })
  return (await letterTo(server, email)).link
}

const transferLink = async () => {
  const [owner, asker] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
  const device = await newDevice(await signIn(server.httpUrl))
  await claimWithCode(server, device, owner)
  await owner.put(`/v1/devices/${device.particleId}`, { name: 'L'.repeat(120) })
  await asker.post('/v1/devices', { id: device.particleId, request_transfer: true })
  return (await letterTo(server, owner.email)).link
}

describeWithChromium('everybody can use the pages behind our letters', ({ visit }) => {
  type Page = Awaited<ReturnType<typeof visit>>

  const examine = async (page: Page, name: string) => {
    await page.evaluate(
      'Promise.allSettled(document.getAnimations().filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime)).map(({ finished }) => finished))',
    )
    expect(await violationsOf(page)).toEqual([])
    expect(
      await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
    ).toBeLessThanOrEqual(0)
    await shoot(page, `letters-${name}`)
  }

  test('axe sees a fault where there is one', async () => {
    const page = await visit(`${server.httpUrl}/latchkey/reset-password`)
    await page.locator('#email').waitFor()
    await page.evaluate('document.getElementById("email").removeAttribute("id")')
    const found = (await violationsOf(page)).filter((text) => text.startsWith('label:'))
    expect(found).toHaveLength(1)
  })

  test.each(LOOKS)(
    'in %s, %s, %s: in every state',
    async (lang, colorScheme, width, viewport) => {
      const name = (state: string) => `${lang}-${colorScheme}-${width}-${state}`
      const locale = lang === 'de' ? 'de-DE' : 'en-GB'
      const open = (url: string) => visit(url, { viewport, colorScheme, locale })
      const submit = (page: Page) => page.locator('#view [type=submit]').click()

      const forgotten = await open(`${server.httpUrl}/latchkey/reset-password`)
      await forgotten.locator('#email').waitFor()
      await examine(forgotten, name('1-forgotten'))
      await submit(forgotten)
      await forgotten.locator('.wrong').waitFor()
      await examine(forgotten, name('2-missing'))
      await forgotten.locator('#email').fill('nobody@example.com')
      await submit(forgotten)
      await forgotten.locator('.sign').waitFor()
      await examine(forgotten, name('3-sent'))

      const link = await resetLink()
      const reset = await open(link)
      await reset.locator('#password').fill(NEW)
      await examine(reset, name('4-reset'))
      await submit(reset)
      await reset.locator('.sign').waitFor()
      await examine(reset, name('5-set'))
      const used = await open(link)
      await used.getByRole('alert').waitFor()
      await examine(used, name('6-used'))

      const invited = await open(await inviteLink())
      await invited.locator('#name').waitFor()
      await examine(invited, name('7-invited'))
      const transfer = await open(await transferLink())
      await transfer.locator('.subject').waitFor()
      await examine(transfer, name('8-transfer'))
    },
    90_000,
  )

  test('by the keyboard alone, and what happens is said', async () => {
    const page = await visit(await resetLink())
    await page.locator('#password').waitFor()
    for (let presses = 0; presses < 6 && (await focused(page)) !== 'password'; presses++)
      await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('password')
    await page.keyboard.press('Enter')
    await page.locator('.wrong').waitFor()
    expect(await focused(page)).toBe('password')
    await page.keyboard.type(NEW)
    await page.keyboard.press('Enter')
    await page.locator('.sign').waitFor()
    expect(await focused(page)).toBe('The new password is set')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Sign in and claim a device')
  })
})
