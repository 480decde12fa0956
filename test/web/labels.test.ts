import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Page, Route } from 'playwright-core'
import { readQr } from '../../gateway/web/widget/label.ts'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { button, field, PASSWORD, said, signInOn } from '../support/claim-page.ts'
import { dialog, enterConsole, goTo, row, SETTLED, title } from '../support/console.ts'
import { connectDevice } from '../support/device.ts'
import { importFile } from '../support/imports.ts'
import { pagesOfPdf, readShape, shapesOfPage, shapesOfSvg, textsOfPage } from '../support/print.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const KEY = /^K(-[2-9A-HJKMNP-Z]{4}){4}$/
const OLD = 'the old key'

let server: TestServer
let maker: Api
let ada: Awaited<ReturnType<typeof customer>>
let group = 0
/** What the names of a test's own devices begin with. */
let prefix: string

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())
beforeEach(async () => {
  group += 1
  prefix = `box${group}-`
  ada = await customer(server.httpUrl)
})

const lamps = (count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      makeDevice(maker, { name: `${prefix}${n}`, claimCode: `${OLD} ${prefix}${n}` }),
    ),
  )
const claim = (device: string, secret: string) => ada.post(`${V1}/claims`, { device, secret })

/** The codes of the page of labels that is shown, as a scanner would read them. */
const codesShown = async (page: Page): Promise<string[]> => {
  const svg = await page.evaluate<string>(
    'new XMLSerializer().serializeToString(document.querySelector(".paper svg"))',
  )
  return shapesOfSvg(svg).map(readShape)
}
/** What such a code says to our claim page. */
const saidBy = (code: string) => {
  const reading = readQr(code, server.httpUrl)
  if (reading.kind !== 'label' || reading.label.way !== 'device')
    throw new Error(`no label: ${code}`)
  return reading.label
}
const saved = async (page: Page, name: string): Promise<Buffer> => {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).click()])
  return readFileSync(await download.path())
}
const box = (page: Page, name: string) =>
  page.getByRole('checkbox', { name: `Choose ${name}`, exact: true })
const isThere = (page: Page, text: string) =>
  page.evaluate(`[
    document.documentElement.outerHTML,
    // On a label it stands in several lines.
    document.documentElement.textContent,
  ].some((text) => text.includes(${JSON.stringify(text)}))`)

describeWithChromium('labels in the console', ({ visit }) => {
  const open = async (path: string, options = {}) => {
    const page = await visit(`${server.httpUrl}/console${path}`, options)
    await enterConsole(page)
    return page
  }
  /** Makes new keys for what is chosen, and says yes when asked. */
  const makeKeys = async (page: Page) => {
    await button(page, 'Labels').click()
    await button(page, 'Make keys and labels').click()
    await dialog(page).getByRole('button', { name: 'Replace the keys' }).click()
  }

  describe('for devices that are chosen', () => {
    test('new keys are made, shown, saved, and good for a claim; the old ones are good for nothing', async () => {
      const made = await lamps(3)
      const asked: string[] = []
      const page = await open(`/devices?search=${prefix}`)
      page.on('request', (request) => asked.push(request.url()))
      await box(page, `${prefix}0`).check()
      await said(page, '1 chosen').waitFor()
      await page.getByRole('checkbox', { name: 'All on this page' }).check()
      await said(page, '3 chosen').waitFor()
      await box(page, `${prefix}1`).uncheck()
      await button(page, 'Labels').click()
      await title(page, 'Labels for 2 devices').waitFor()
      await button(page, 'Make keys and labels').click()
      await dialog(page).getByText('Make new keys for 2 devices?').waitFor()
      // Who presses Enter without reading has lost nothing.
      await page.keyboard.press('Enter')
      expect(await dialog(page).count()).toBe(0)
      await button(page, 'Make keys and labels').click()
      await dialog(page).getByRole('button', { name: 'Replace the keys' }).click()
      await page.getByRole('img', { name: 'Page 1 of 1, with 2 labels' }).waitFor()

      const labels = (await codesShown(page)).map(saidBy)
      expect(labels.map(({ device }) => device)).toEqual([`${prefix}0`, `${prefix}2`])
      for (const { secret } of labels) expect(secret).toMatch(KEY)
      const [first, second] = labels.map(({ secret }) => secret ?? '')
      expect(first).not.toBe(second)

      const [drawing] = shapesOfSvg((await saved(page, 'Save this page as SVG')).toString('utf8'))
      expect(saidBy(readShape(drawing ?? [])).secret).toBe(first)
      const pdf = await saved(page, 'Save all as PDF')
      expect(pdf.subarray(0, 5).toString('latin1')).toBe('%PDF-')
      const pages = pagesOfPdf(pdf)
      expect(pages.map(({ box: paper }) => paper.map(Math.round))).toEqual([[0, 0, 595, 842]])
      const content = pages[0]?.content ?? ''
      expect(shapesOfPage(content).map(readShape).map(saidBy)).toEqual(labels)
      expect(textsOfPage(content).join('')).toBe(`${prefix}0${first}${prefix}2${second}`)

      expect((await claim(`${prefix}0`, `${OLD} ${prefix}0`)).status).toBe(403)
      expect((await claim(`${prefix}1`, `${OLD} ${prefix}1`)).status).toBe(201)
      const link = (await codesShown(page))[0] ?? ''
      const phone = await visit(link)
      await signInOn(phone, ada.email, PASSWORD)
      await button(phone, 'Claim device').click()
      await said(phone, 'The device is yours').waitFor()
      const owned = await maker.get(`${V1}/devices/${made[0]?.id}`)
      expect(owned.body.owner).toBe(ada.home)

      for (const secret of [first ?? '', second ?? '']) {
        expect(asked.filter((url) => url.includes(secret))).toEqual([])
        expect(
          await page.evaluate('JSON.stringify([{ ...sessionStorage }, { ...localStorage }])'),
        ).not.toContain(secret)
      }
    })

    test('what was made is forgotten with the page, and so are the addresses of its files', async () => {
      await lamps(1)
      const page = await open(`/devices?search=${prefix}`)
      await page.evaluate(`(() => {
        globalThis.urls = new Set()
        const { createObjectURL, revokeObjectURL } = URL
        URL.createObjectURL = (blob) => {
          const url = createObjectURL.call(URL, blob)
          urls.add(url)
          return url
        }
        URL.revokeObjectURL = (url) => {
          urls.delete(url)
          revokeObjectURL.call(URL, url)
        }
      })()`)
      await box(page, `${prefix}0`).check()
      await makeKeys(page)
      await page.locator('.paper svg').waitFor()
      const [code = ''] = await codesShown(page)
      const { secret = '' } = saidBy(code)
      expect(await isThere(page, secret)).toBe(true)
      await saved(page, 'Save all as PDF')
      await saved(page, 'Save this page as SVG')
      expect(await page.evaluate('urls.size')).toBe(2)
      await button(page, 'Back to the devices').click()
      await said(page, '1 chosen').waitFor()
      expect(await isThere(page, secret)).toBe(false)
      expect(await page.evaluate('urls.size')).toBe(0)
      await makeKeys(page)
      await page.locator('.paper svg').waitFor()
      const [again = ''] = await codesShown(page)
      expect(saidBy(again).secret).not.toBe(secret)
      await goTo(page, 'Homes')
      await title(page, 'Homes').waitFor()
      expect(await isThere(page, saidBy(again).secret ?? '')).toBe(false)
    })

    test('who has an owner meanwhile, and who cannot be reached, is told; the others go on, and it is tried again', async () => {
      const made = await lamps(4)
      const page = await open(`/devices?search=${prefix}`)
      await row(page, `${prefix}3`).waitFor()
      await page.getByRole('checkbox', { name: 'All on this page' }).check()
      await claim(`${prefix}1`, `${OLD} ${prefix}1`)
      let isAway = true
      await page.route(`**${V1}/devices/${made[2]?.id}/box-key`, (route) =>
        isAway ? route.abort() : route.continue(),
      )
      await makeKeys(page)
      await page.getByRole('heading', { name: 'Without a label: 2' }).waitFor()
      await row(page, `${prefix}1`).getByText('It has an owner').waitFor()
      await row(page, `${prefix}2`).getByText('The server cannot be reached').waitFor()
      const before = await codesShown(page)
      expect(before.map((code) => saidBy(code).device)).toEqual([`${prefix}0`, `${prefix}3`])
      isAway = false
      await button(page, 'Try these again').click()
      await page.getByRole('heading', { name: 'Without a label: 1' }).waitFor()
      const after = await codesShown(page)
      expect(after.slice(0, 2)).toEqual(before)
      const label = saidBy(after[2] ?? '')
      expect(label.device).toBe(`${prefix}2`)
      expect((await claim(label.device, label.secret ?? '')).status).toBe(201)
    })

    test('without new keys the codes say the name alone, and the old keys stay good', async () => {
      await lamps(2)
      const page = await open(`/devices?search=${prefix}`)
      await row(page, `${prefix}1`).waitFor()
      await page.getByRole('checkbox', { name: 'All on this page' }).check()
      await button(page, 'Labels').click()
      await page.getByRole('radio', { name: 'Without keys' }).check()
      await button(page, 'Make labels').click()
      await page.locator('.paper svg').waitFor()
      expect((await codesShown(page)).map(saidBy)).toEqual(
        [0, 1].map((n) => ({ way: 'device', device: `${prefix}${n}` })),
      )
      expect((await claim(`${prefix}0`, `${OLD} ${prefix}0`)).status).toBe(201)
    })

    test('sheet, first place, roll and content are chosen while the labels are looked at', async () => {
      await lamps(3)
      const page = await open(`/devices?search=${prefix}`)
      await row(page, `${prefix}2`).waitFor()
      await page.getByRole('checkbox', { name: 'All on this page' }).check()
      await makeKeys(page)
      await page.getByRole('img', { name: 'Page 1 of 1, with 3 labels' }).waitFor()
      await field(page, 'First free label on the sheet').fill('22')
      await said(page, 'From 1 to 21').waitFor()
      expect(await page.locator('.paper svg').count()).toBe(0)
      await field(page, 'First free label on the sheet').fill('20')
      await page.getByRole('img', { name: 'Page 1 of 2, with 2 labels' }).waitFor()
      expect(await button(page, 'Page before').isDisabled()).toBe(true)
      await button(page, 'Next page').click()
      await page.getByRole('img', { name: 'Page 2 of 2, with 1 labels' }).waitFor()
      const [last = ''] = await codesShown(page)
      expect(saidBy(last).device).toBe(`${prefix}2`)
      const sheets = pagesOfPdf(await saved(page, 'Save all as PDF'))
      expect(sheets.map(({ content }) => shapesOfPage(content).length)).toEqual([2, 1])

      await page.getByRole('combobox', { name: 'Sheet' }).selectOption('L4731')
      await said(page, /under 0\.25 mm/).waitFor()
      await page.getByRole('combobox', { name: 'Sheet' }).selectOption('roll')
      await page.getByRole('img', { name: 'Page 1 of 3, with 1 labels' }).waitFor()
      await field(page, 'Width in mm').fill('7')
      await said(page, 'From 8 to 999.99 mm').waitFor()
      await field(page, 'Width in mm').fill('62,5')
      await page.getByRole('radio', { name: 'ThingsBoard’s JSON' }).check()
      await page.getByRole('img', { name: 'Page 1 of 3, with 1 labels' }).waitFor()
      const [code = ''] = await codesShown(page)
      // research/thingsboard.md 4: the QR code convention.
      const { deviceName, secretKey } = JSON.parse(code)
      expect(deviceName).toBe(`${prefix}0`)
      const roll = pagesOfPdf(await saved(page, 'Save all as PDF'))
      // 62.5 x 30 mm in points of 25.4 / 72 mm.
      expect(roll.map(({ box: paper }) => paper.map(Math.round))).toEqual(
        Array(3).fill([0, 0, 177, 85]),
      )
      expect((await claim(deviceName, secretKey)).status).toBe(201)
    })

    test('a label of another project leads to the claim page of its accounts', async () => {
      const project = 'Lamps & more'
      await maker.post(`${V1}/projects`, { name: project, accounts: 'email', provisioning: 'pre' })
      const lamp = await makeDevice(maker, { project })
      const page = await open(`/devices?project=${encodeURIComponent(project)}`)
      await box(page, lamp.name).check()
      await makeKeys(page)
      await page.locator('.paper svg').waitFor()
      const [code = ''] = await codesShown(page)
      expect(new URL(code).searchParams.get('project')).toBe(project)
      expect(saidBy(code).device).toBe(lamp.name)
    })

    test('500 at most, over many pages; who stops keeps what was made, and the others their keys', async () => {
      const rows = Array.from({ length: 520 }, (_, n) => ({
        name: `${prefix}${1000 + n}`,
        secret: `key ${n}`,
      }))
      await importFile(server.httpUrl, maker, rows)
      const page = await open(`/devices?search=${prefix}`)
      for (let shown = 50; shown < 520; shown += 50) {
        await said(page, `${shown} devices shown`).waitFor()
        await button(page, 'Show more').click()
      }
      await said(page, '520 devices shown').waitFor()
      await page.getByRole('checkbox', { name: 'All on this page' }).click()
      await said(page, '500 chosen: no more at once').waitFor()
      expect(await box(page, `${prefix}1499`).isChecked()).toBe(true)
      await box(page, `${prefix}1500`).click()
      expect(await box(page, `${prefix}1500`).isChecked()).toBe(false)
      const held: Route[] = []
      const isHeld = new Promise<void>((resolve) => {
        let puts = 0
        void page.route('**/box-key', async (route) => {
          puts += 1
          if (puts <= 8) return route.continue()
          held.push(route)
          resolve()
        })
      })
      await makeKeys(page)
      await isHeld
      await button(page, 'Stop').click()
      for (const route of held) await route.abort()
      await page.getByRole('heading', { name: /^Labels: \d/ }).waitFor()
      const refused = await page.getByRole('heading', { name: /^Without a label/ }).textContent()
      const made = await page.getByRole('heading', { name: /^Labels: \d/ }).textContent()
      const [left, printed] = [refused, made].map((text) => Number(/\d+$/.exec(text ?? '')?.[0]))
      expect((left ?? 0) + (printed ?? 0)).toBe(500)
      await row(page, `${prefix}1499`).getByText('Stopped before its turn').waitFor()
      expect((await claim(`${prefix}1499`, 'key 499')).status).toBe(201)
    })
  })

  describe('for a file that is imported', () => {
    const send = async (page: Page, name: string, text: string) => {
      const file = { name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) }
      await page.getByLabel('File of devices').setInputFiles(file)
      await button(page, /^Import$/).click()
    }
    const counted = async (page: Page) => {
      const texts = await page.locator('.fact').allTextContents()
      return texts.filter((text) => /\d$/.test(text))
    }

    test('bad rows are told by their lines; credentials and labels of the others are there', async () => {
      const page = await open('/devices')
      await goTo(page, 'Import')
      await title(page, 'Import').waitFor()
      const text = `name,tag,secret\r\n${prefix}a,hall,\r\n,hall,\r\n${prefix}b,"x, y",\r\n${prefix}c,,mine\r\n`
      await send(page, 'lamps.csv', text)
      await page.getByRole('heading', { name: 'Refused rows' }).waitFor()
      expect(await counted(page)).toEqual([
        ...['Rows4', 'Created3', 'Updated0', 'Unchanged0', 'Refused1'],
      ])
      await row(page, '3').getByText('name').waitFor()
      await page.getByRole('img', { name: 'Page 1 of 1, with 2 labels' }).waitFor()
      const labels = (await codesShown(page)).map(saidBy)
      expect(labels.map(({ device }) => device)).toEqual([`${prefix}a`, `${prefix}b`])

      const made = (await saved(page, 'Save as NDJSON')).toString('utf8')
      const lines = made
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(lines.map(({ name, boxKey }) => [name, boxKey])).toEqual([
        ...labels.map(({ device, secret }) => [device, secret]),
        [`${prefix}c`, undefined],
      ])
      for (const { token } of lines) expect(token).toMatch(/^[\w-]{43}$/)
      const pdf = await saved(page, 'Save all as PDF')
      expect(pdf.subarray(0, 5).toString('latin1')).toBe('%PDF-')
      expect(pagesOfPdf(pdf).map(({ content }) => shapesOfPage(content).length)).toEqual([2])
      for (const { device, secret = '' } of labels)
        expect((await claim(device, secret)).status).toBe(201)
      expect((await claim(`${prefix}c`, 'mine')).status).toBe(201)
    })

    test('who comes back to its address has what is still good; another maker has no keys of it', async () => {
      const page = await open('/import')
      await send(page, 'lamps.ndjson', `{"name":"${prefix}a"}\n{"name":"${prefix}b"}\n`)
      await page.locator('.paper svg').waitFor()
      const [first = ''] = await codesShown(page)
      expect((await claim(saidBy(first).device, saidBy(first).secret ?? '')).status).toBe(201)
      await page.reload()
      await page.getByRole('img', { name: 'Page 1 of 1, with 1 labels' }).waitFor()
      const address = page.url()
      await button(page, 'Import another file').click()
      await page.getByLabel('File of devices').waitFor()
      expect(await isThere(page, saidBy(first).secret ?? '')).toBe(false)

      const who = { email: `other-${prefix}@example.com`, password: 'a-good-password' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker' })
      const other = await visit(address)
      await enterConsole(other, who)
      await said(
        other,
        'Credentials and keys are for the account that has sent the file.',
      ).waitFor()
      expect(await other.locator('.paper svg').count()).toBe(0)
    })

    test('without keys where none are wanted; the same file again changes nothing', async () => {
      const page = await open('/import')
      const keys = page.getByRole('checkbox', { name: /^Make a box key/ })
      for (const counts of [
        ['Rows1', 'Created1', 'Updated0', 'Unchanged0', 'Refused0'],
        ['Rows1', 'Created0', 'Updated0', 'Unchanged1', 'Refused0'],
      ]) {
        await keys.uncheck()
        await send(page, 'LAMPS.JSONL', `{"name":"${prefix}a"}\n`)
        await said(page, /No new box key was made/).waitFor()
        expect(await counted(page)).toEqual(counts)
        expect(await page.locator('.paper svg').count()).toBe(0)
        await button(page, 'Import another file').click()
      }
    })

    test('a file that cannot be one is refused before it is sent, and one that never arrived is sent again as the same', async () => {
      const page = await open('/import')
      const keys: (string | undefined)[] = []
      await page.route('**/devices/import?**', async (route) => {
        keys.push(route.request().headers()['idempotency-key'])
        if (keys.length === 1) return route.abort()
        return route.continue()
      })
      await button(page, /^Import$/).click()
      await said(page, 'Choose a file').waitFor()
      await send(page, 'lamps.xlsx', 'PK')
      await said(page, /has to end with \.csv/).waitFor()
      await send(page, 'lamps.csv', '')
      await said(page, 'The file is empty').waitFor()
      expect(keys).toEqual([])
      await send(page, 'lamps.csv', `name\n${prefix}a\n`)
      await said(page, 'The server cannot be reached').waitFor()
      await button(page, /^Import$/).click()
      await page.locator('.paper svg').waitFor()
      expect(keys[1]).toMatch(/^console-/)
      expect(keys[1]).toBe(keys[0])
    })
  })

  describe('everybody can use them', () => {
    const LOOKS = [
      ['en', 'light', { width: 1360, height: 860 }],
      ['de', 'dark', { width: 360, height: 740 }],
    ] as const

    test.each(LOOKS)(
      'in %s, %s',
      async (lang, colorScheme, viewport) => {
        const locale = lang === 'de' ? 'de-DE' : 'en-GB'
        await lamps(2)
        const page = await visit(`${server.httpUrl}/console/devices?search=${prefix}`, {
          ...{ viewport, colorScheme, locale },
        })
        const examine = async (state: string) => {
          await page.evaluate(SETTLED)
          expect(await violationsOf(page)).toEqual([])
          const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
          expect(wider).toBeLessThanOrEqual(0)
          await shoot(page, `labels-${lang}-${colorScheme}-${state}`)
        }
        await page.locator('#email').fill(ADMIN.email)
        await page.locator('#password').fill(ADMIN.password)
        await page.locator('.sign-in button[type=submit]').click()
        await page.locator('td.choose input').nth(1).waitFor()
        await page.locator('td.choose input').first().check()
        await examine('1-chosen')
        await page.locator('.chosen .main').click()
        await page.locator('#days').waitFor()
        await examine('2-keys')
        await page.locator('form .main').last().click()
        await page.locator('dialog .danger').waitFor()
        await examine('3-asked')
        await maker.post(`${V1}/claims`, { device: `${prefix}0`, secret: `${OLD} ${prefix}0` })
        await page.locator('dialog .danger').click()
        await page
          .getByRole('row')
          .filter({ hasText: `${prefix}0` })
          .last()
          .waitFor()
        await page.locator('#refused-title').waitFor()
        await examine('4-refused')
        await page.locator('.column:not([hidden]) > .head button').click()
        await page.locator('#all').check()
        await page.locator('.chosen .main').click()
        await page.locator('form .main').last().click()
        await page.locator('dialog .danger').click()
        await page.locator('.paper svg').waitFor()
        await examine('5-sheet')
        await page.locator('#sheet').selectOption('roll')
        await page.locator('.paper.roll svg').waitFor()
        await examine('6-roll')
        await page.locator('#pages a').nth(2).click()
        await page.locator('#file').waitFor()
        await examine('7-file')
        const file = {
          name: 'a.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from(`name\n\n,\n${prefix}ok\n`),
        }
        await page.locator('#file').setInputFiles(file)
        await page.locator('form .main').click()
        await page.locator('.paper svg').waitFor()
        await examine('8-imported')
      },
      60_000,
    )

    test('with the keyboard alone, and the labels are loaded only when they are needed', async () => {
      await lamps(2)
      const page = await visit(`${server.httpUrl}/console/devices?search=${prefix}`)
      const parts: string[] = []
      page.on('request', (request) => parts.push(new URL(request.url()).pathname))
      await enterConsole(page)
      await row(page, `${prefix}1`).waitFor()
      expect(parts).not.toContain('/console-labels.js')
      await page.locator('#all').focus()
      await page.keyboard.press('Tab')
      await page.keyboard.press('Space')
      await said(page, '1 chosen').waitFor()
      // Back over all, none and to the button, which are there now.
      await page.keyboard.press('Shift+Tab')
      await page.keyboard.press('Enter')
      await title(page, 'Labels for 1 device').waitFor()
      expect(await page.evaluate('document.activeElement.tagName')).toBe('H1')
      await page.getByRole('radio', { name: 'With new box keys' }).waitFor()
      expect(parts).toContain('/console-labels.js')
      const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()')
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('Back to the devices')
      await page.keyboard.press('Tab')
      await page.keyboard.press('ArrowRight')
      await button(page, 'Make labels').waitFor()
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.locator('.paper svg').waitFor()
      expect(await focused()).toMatch(/^Labels/)
      await button(page, 'Back to the devices').focus()
      await page.keyboard.press('Enter')
      expect(await focused()).toBe('Labels')
    })

    test('a row that changes keeps its box and the keyboard', async () => {
      const [lamp] = await lamps(1)
      const page = await open(`/devices?search=${prefix}`)
      await box(page, `${prefix}0`).focus()
      await page.keyboard.press('Space')
      const device = await connectDevice(server.mqttUrl, lamp?.token ?? '')
      await row(page, `${prefix}0`).getByText('Connected').waitFor()
      expect(await box(page, `${prefix}0`).isChecked()).toBe(true)
      expect(await page.evaluate('document.activeElement.ariaLabel')).toBe(`Choose ${prefix}0`)
      await device.end()
    })
  })
})
