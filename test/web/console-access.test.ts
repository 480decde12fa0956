import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { PASSWORD } from '../support/claim-page.ts'
import { SETTLED } from '../support/console.ts'
import { connectDevice, type TestDevice } from '../support/device.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const PROJECT = 'Lumen lamps'
/** What somebody may write wherever he may write. */
const MARKUP = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

let server: TestServer
let maker: Api
let ada: Api & { readonly email: string; readonly id: string; readonly home: string }
let lamp: Awaited<ReturnType<typeof makeDevice>>
let connected: TestDevice
let others: TestDevice[] = []

const customerOf = async (email: string) => {
  const who = { email, password: PASSWORD }
  const { body } = await maker.post(`${V1}/users`, { ...who, project: PROJECT })
  return { ...(await signIn(server.httpUrl, who)), id: body.id, home: body.home, email }
}

/** A project in which something has happened. */
beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
  await maker.post(`${V1}/projects`, { name: PROJECT, accounts: 'email', provisioning: 'pre' })
  const project = PROJECT
  ada = await customerOf('ada.lovelace@example.com')
  const eve = await customerOf('eve@example.com')
  const rows = Array.from(
    { length: 14 },
    (_, place) => `hall-${String(place + 1).padStart(2, '0')}`,
  )
  const made = []
  for (const name of rows)
    made.push(
      await makeDevice(maker, { name, project, deviceClass: 'lamp', claimCode: `key ${name}` }),
    )
  const [first] = made
  if (first === undefined) throw new Error('there is no device')
  lamp = first
  const topics = ['latchkey/v1/claim/result', 'latchkey/v1/commands']
  connected = await connectDevice(server.mqttUrl, lamp.token, topics)
  for (const one of made.slice(2, 7)) others.push(await connectDevice(server.mqttUrl, one.token))
  for (const one of made.slice(3, 9))
    await ada.post(`${V1}/claims`, { device: one.name, secret: `key ${one.name}` })
  for (const secret of ['1234', '0000', '4711'])
    await eve.post(`${V1}/claims`, { device: lamp.name, secret })
  await eve.post(`${V1}/claims`, { device: made[4]?.name, secret: 'mine' })
  await connected.publish('latchkey/v1/claim', { secret: 'on its screen', durationMs: 3_600_000 })
  await connected.next('latchkey/v1/claim/result')
  await ada.post(`${V1}/claims`, { device: lamp.name, secret: 'on its screen' })
  await connected.publish('latchkey/v1/events', { eventType: 'lit', eventData: { watts: 7 } })
  const command = { action: 'blink', parameters: { times: 3 } }
  await ada.post(`${V1}/devices/${lamp.id}/commands`, command)
  const { id } = await connected.next('latchkey/v1/commands')
  await connected.publish(`latchkey/v1/commands/${id}/ack`, { blinked: 3 })
  await ada.post(`${V1}/claims`, { linkId: 'not yet' })
  await ada.post(`${V1}/homes`, { name: 'Beach house' })
  for (const name of ['night watch', 'billing'])
    await maker.post(`${V1}/project-keys`, { name, project, grants: ['send-commands'] })
  await maker.post(`${V1}/oauth-clients`, { name: 'team', project, grants: ['product'] })
})
afterAll(async () => {
  await Promise.all([connected, ...others].map((one) => one.end()))
  others = []
  await server.close()
})

const NARROW = { width: 360, height: 740 }
const WIDE = { width: 1360, height: 860 }
const LOOKS = [
  ['en', 'light', 'wide', WIDE],
  ['en', 'dark', 'narrow', NARROW],
  ['de', 'light', 'narrow', NARROW],
  ['de', 'dark', 'wide', WIDE],
] as const

describeWithChromium('everybody can use the console', ({ visit }) => {
  type Page = Awaited<ReturnType<typeof visit>>

  /** Nothing for axe to complain of, nothing wider than the screen, and a picture for people. */
  const examine = async (page: Page, name: string) => {
    await page.evaluate(SETTLED)
    expect(await violationsOf(page)).toEqual([])
    expect(
      await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
    ).toBeLessThanOrEqual(0)
    await shoot(page, `console-${name}`)
  }

  const enter = async (page: Page) => {
    await page.locator('#email').fill(ADMIN.email)
    await page.locator('#password').fill(ADMIN.password)
    await page.locator('.sign-in button[type=submit]').click()
  }

  test.each(LOOKS)(
    'in %s, %s, %s: on every page and in every dialog',
    async (lang, colorScheme, width, viewport) => {
      const locale = lang === 'de' ? 'de-DE' : 'en-GB'
      const name = (state: string) => `${lang}-${colorScheme}-${width}-${state}`
      const here = (path: string, more = '') =>
        `${server.httpUrl}/console${path}?project=${encodeURIComponent(PROJECT)}${more}`
      const page = await visit(here(''), { viewport, colorScheme, locale })
      const goto = async (url: string, ready: string) => {
        await page.goto(url)
        await page.locator(ready).first().waitFor()
      }
      await examine(page, name('01-sign-in'))
      await enter(page)
      await page.locator('.live.good').waitFor()
      await page.locator('.plot rect').first().waitFor()
      await page.locator('.tile.connected dd').getByText('6').waitFor()
      await connected.publish('latchkey/v1/events', { eventType: 'lit', eventData: { watts: 9 } })
      await page.locator('.ticker li').first().waitFor()
      await examine(page, name('02-overview'))
      await goto(here('/devices'), 'tbody tr')
      await examine(page, name('03-devices'))
      await goto(here('/devices', '&search=nothing'), '.empty')
      await examine(page, name('04-nothing'))
      await goto(here(`/devices/${lamp.id}`), '.story li.claimed')
      await page.locator('.live.good').waitFor()
      await examine(page, name('05-device'))
      await page.locator('[data-act=release]').click()
      await examine(page, name('06-release'))
      await page.locator('dialog button').first().click()
      await page.locator('[data-act=rename]').click()
      await examine(page, name('07-rename'))
      await page.locator('dialog button').first().click()
      await page.locator('[data-act=box-key]').click()
      await page.locator('dialog button[type=submit]').click()
      await page.locator('dialog .qr').waitFor()
      await examine(page, name('08-box-key'))
      await page.keyboard.press('Escape')
      await goto(here('/accounts'), 'tbody tr')
      await examine(page, name('09-accounts'))
      await goto(here(`/accounts/${ada.id}`), '.plain-list li')
      await examine(page, name('10-account'))
      await goto(here('/homes'), 'tbody tr')
      await examine(page, name('11-homes'))
      await goto(here(`/homes/${ada.home}`), '.plain-list li')
      await examine(page, name('12-home'))
      await goto(here('/policy'), '.switch')
      await page.locator('#linkTtlMs').fill('0')
      await page.locator('.policy button[type=submit]').click()
      await page.locator('.wrong').waitFor()
      await examine(page, name('13-policy'))
      await goto(here('/keys'), 'tbody tr')
      await page.locator('#oauth-clients').waitFor()
      await examine(page, name('14-keys'))
      await page.locator('.card button').first().click()
      await examine(page, name('15-new-key'))
      await page.keyboard.press('Escape')
      await goto(here('/projects'), 'tbody tr')
      await examine(page, name('16-projects'))
      await goto(here('/nowhere'), '.lead')
      await examine(page, name('17-nowhere'))
      await page.context().setOffline(true)
      await page.locator('#pages a').nth(3).click()
      await page.locator('.notice.bad').waitFor()
      await examine(page, name('18-unreachable'))
      await page.context().setOffline(false)
    },
    120_000,
  )

  test('who cannot use it sees where to go, in a page that is as good', async () => {
    const page = await visit(`${server.httpUrl}/console`)
    await page.locator('#email').fill('eve@example.com')
    await page.locator('#password').fill(PASSWORD)
    await page.locator('.sign-in button[type=submit]').click()
    await page.locator('.refusal').waitFor()
    await examine(page, 'refusal')
  })

  describe('with the keyboard alone', () => {
    test('one gets from the address to a device, acts, and is back where one was', async () => {
      const page = await visit(`${server.httpUrl}/console/devices`)
      const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()')
      await page.keyboard.type(ADMIN.email)
      await page.keyboard.press('Tab')
      await page.keyboard.type(ADMIN.password)
      await page.keyboard.press('Enter')
      await page.getByRole('combobox', { name: 'Project' }).waitFor()
      expect(await focused()).toBe('Devices')
      await page.getByRole('combobox', { name: 'Project' }).focus()
      await page.keyboard.press('L')
      await page.getByRole('rowheader', { name: lamp.name, exact: true }).waitFor()
      await page.locator('#skip').focus()
      await page.keyboard.press('Enter')
      expect(await page.evaluate('document.activeElement.id')).toBe('main')
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.id')).toBe('search')
      await page.keyboard.type(lamp.name)
      await page.getByText('1 device shown').waitFor()
      // The states, all on this page, the box of the device.
      for (let stop = 0; stop < 4; stop++) await page.keyboard.press('Tab')
      expect(await focused()).toBe(lamp.name)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { level: 1, name: lamp.name }).waitFor()
      await page.getByRole('button', { name: 'Rename' }).focus()
      await page.keyboard.press('Enter')
      expect(await page.evaluate('document.activeElement.id')).toBe('new-name')
      await page.keyboard.press('Escape')
      expect(await focused()).toBe('Rename')
    })
  })

  test('what is written by others is text wherever it stands, and no other host is asked', async () => {
    const project = 'markup'
    await maker.post(`${V1}/projects`, { name: project, accounts: 'email', provisioning: 'pre' })
    const who = { email: '"><img/src=x>@example.com', password: PASSWORD }
    const { body: person } = await maker.post(`${V1}/users`, { ...who, project })
    const mallory = await signIn(server.httpUrl, who)
    const evil = await makeDevice(maker, {
      ...{ name: MARKUP, deviceClass: MARKUP, tag: MARKUP, project, claimCode: 'key' },
    })
    const { body: home } = await mallory.post(`${V1}/homes`, { name: MARKUP })
    await mallory.post(`${V1}/claims`, { device: `${MARKUP}`, secret: 'wrong' })
    await mallory.post(`${V1}/claims`, { device: MARKUP, secret: 'key', home: home.id })
    await maker.post(`${V1}/project-keys`, { name: MARKUP, project })
    const page = await visit(`${server.httpUrl}/console?project=${project}`)
    await enter(page)
    await page.locator('.live.good').waitFor()
    const device = await connectDevice(server.mqttUrl, evil.token, ['latchkey/v1/commands'])
    await device.publish('latchkey/v1/events', {
      eventType: MARKUP,
      eventData: { [MARKUP]: MARKUP },
    })
    await page.locator('.ticker li').nth(1).waitFor()
    const places = [
      ['', '.ticker li'],
      ['/devices', 'tbody tr'],
      [`/devices/${evil.id}`, '.story li.event'],
      [`/devices/${encodeURIComponent(MARKUP)}`, '.story li.event'],
      ['/accounts', 'tbody tr'],
      [`/accounts/${person.id}`, '.plain-list li'],
      ['/homes', 'tbody tr'],
      [`/homes/${home.id}`, '.plain-list li'],
      ['/keys', 'tbody tr'],
    ] as const
    for (const [path, ready] of places) {
      const url = `${server.httpUrl}/console${path}?project=${project}`
      if (path !== '') await page.goto(url)
      await page.locator(ready).first().waitFor()
      const found = await page.evaluate(`[
        document.querySelectorAll('main img, main script:not([src])').length,
        /^[12]$/.test(document.title),
        document.querySelector('main').textContent.includes('onerror') ||
          document.querySelector('main').textContent.includes('<img')
          || document.querySelector('main').textContent.includes('"><img'),
      ]`)
      expect([path, found]).toEqual([path, [0, false, true]])
    }
    await page.goto(`${server.httpUrl}/console/devices/${evil.id}?project=${project}`)
    await page.locator('#action').fill('echo')
    await page.locator('form button[type=submit]').click()
    const { id } = await device.next('latchkey/v1/commands')
    await device.publish(`latchkey/v1/commands/${id}/ack`, { [MARKUP]: MARKUP })
    await page.locator('.commands .result').getByText('onerror').waitFor()
    await page.locator('[data-act=release]').click()
    await page.locator('dialog').getByText('onerror').first().waitFor()
    await page.keyboard.press('Escape')
    await page.locator('[data-act=box-key]').click()
    await page.locator('dialog button[type=submit]').click()
    await page.locator('dialog .qr').waitFor()
    expect(await page.locator('img').count()).toBe(0)
    await device.end()
  })
})
