import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Api, api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium } from '../support/browser.ts'
import { button, field, PASSWORD, said } from '../support/claim-page.ts'
import { dialog, enterConsole, goTo, line, row, title } from '../support/console.ts'
import { connectDevice } from '../support/device.ts'
import { importFile } from '../support/imports.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const MANY = 2000

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
  device = await makeDevice(maker, { claimCode: 'right' })
  ada = await customer(server.httpUrl)
})

const claim = (secret: string) => ada.post(`${V1}/claims`, { device: device.name, secret })
const deviceUrl = () => `${server.httpUrl}/console/devices/${device.id}`

describeWithChromium('the console', ({ visit }) => {
  /** A maker in front of that page of the console. */
  const open = async (url: string, options = {}) => {
    const page = await visit(url, options)
    await enterConsole(page)
    return page
  }
  /** The text that can be read only now. */
  const shownOnce = (page: Awaited<ReturnType<typeof open>>, name: string) =>
    dialog(page).getByRole('textbox', { name, exact: true }).textContent()

  describe('a person', () => {
    test('signs in, goes on where he wanted to be, and signs out', async () => {
      const who = { email: 'first-maker@example.com', password: 'a-good-password' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker' })
      const page = await visit(deviceUrl())
      await field(page, 'E-mail address').fill(who.email)
      await field(page, 'Password').fill('not this one')
      await button(page, /^Sign in$/).click()
      await said(page, 'That did not work').waitFor()
      await enterConsole(page, who)
      await title(page, device.name).waitFor()
      expect(await page.title()).toBe(`${device.name} · Latchkey`)
      await page.reload()
      await title(page, device.name).waitFor()
      const token = await page.evaluate('JSON.parse(sessionStorage["latchkey-session"]).token')
      await Promise.all([
        page.waitForResponse((reply) => reply.request().method() === 'DELETE'),
        button(page, 'Sign out').click(),
      ])
      await button(page, /^Sign in$/).waitFor()
      const dead = api(server.httpUrl, { token: String(token) })
      expect((await dead.get(`${V1}/projects`)).status).toBe(401)
    })

    test('who is a customer is told where to go instead', async () => {
      const page = await visit(`${server.httpUrl}/console`)
      await enterConsole(page, { email: ada.email, password: PASSWORD })
      await title(page, 'This console is for makers').waitFor()
      await said(page, new RegExp(ada.email)).first().waitFor()
      expect(await page.getByRole('navigation').count()).toBe(0)
      await page.getByRole('link', { name: 'Go to the claim page' }).click()
      await page.getByRole('heading', { name: 'Make it yours' }).waitFor()
    })

    test('whose session has ended meanwhile signs in again and is where he was', async () => {
      const who = { email: 'second-maker@example.com', password: 'a-good-password' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker' })
      const page = await visit(`${server.httpUrl}/console/homes`)
      await enterConsole(page, who)
      await title(page, 'Homes').waitFor()
      await (await signIn(server.httpUrl, who)).delete(`${V1}/sessions`)
      await goTo(page, 'Accounts')
      await said(page, 'Your session is over').waitFor()
      await enterConsole(page, who)
      await title(page, 'Accounts').waitFor()
    })

    test('who is away for a while is asked, and then signed out of this tab', async () => {
      const page = await visit(`${server.httpUrl}/console/policy`)
      await page.clock.install()
      await page.reload()
      await enterConsole(page)
      await title(page, 'Policy').waitFor()
      await page.clock.fastForward('14:50')
      expect(await dialog(page).count()).toBe(0)
      await page.clock.fastForward('00:15')
      await dialog(page).getByText('Are you still there?').waitFor()
      await button(page, 'Stay signed in').click()
      await page.clock.fastForward('14:50')
      expect(await dialog(page).count()).toBe(0)
      await page.clock.fastForward('00:15')
      await dialog(page).getByText('Are you still there?').waitFor()
      await page.clock.fastForward('01:05')
      await said(page, 'Nobody had used the console for a while.').waitFor()
      expect(await dialog(page).count()).toBe(0)
      expect(await page.evaluate('sessionStorage["latchkey-session"]')).toBeUndefined()
    })
  })

  describe('devices', () => {
    const found = `needle-${Date.now()}`

    test('one among two thousand is found as its name is typed, and the address leads there again', async () => {
      const rows = Array.from({ length: MANY }, (_, place) => ({ name: `hay-${10_000 + place}` }))
      await importFile(server.httpUrl, maker, [...rows, { name: found, deviceClass: 'lamp' }])
      const page = await open(`${server.httpUrl}/console/devices`)
      await said(page, '50 devices shown').waitFor()
      await button(page, 'Show more').click()
      await said(page, '100 devices shown').waitFor()
      await page.getByRole('searchbox').fill('NEEDLE')
      await said(page, '1 device shown').waitFor()
      expect(await row(page, found).textContent()).toMatch(/lamp.*Nobody.*Away/)
      expect(new URL(page.url()).searchParams.get('search')).toBe('NEEDLE')
      await page.getByRole('link', { name: found }).click()
      await title(page, found).waitFor()
      await page.goBack()
      await said(page, '1 device shown').waitFor()
      expect(await page.getByRole('searchbox').inputValue()).toBe('NEEDLE')
      await page.goForward()
      await title(page, found).waitFor()
    })

    test('those of a state are looked for among all of them', async () => {
      const mine = await connectDevice(server.mqttUrl, device.token)
      const page = await open(`${server.httpUrl}/console/devices?state=connected`)
      await row(page, device.name).waitFor()
      await said(page, '1 device shown').waitFor()
      await page.getByRole('radio', { name: 'Window open' }).check()
      await said(page, 'No device fits').waitFor()
      await page.getByRole('radio', { name: 'Unclaimed' }).check()
      await said(page, '50 devices shown').waitFor()
      await mine.end()
    })

    test('a row changes as the device comes, is claimed, and goes', async () => {
      const page = await open(`${server.httpUrl}/console/devices?search=${device.name}`)
      const mine = row(page, device.name)
      await mine.getByText('Away').waitFor()
      const lamp = await connectDevice(server.mqttUrl, device.token)
      await mine.getByText('Connected').waitFor()
      await claim('right')
      await mine.getByRole('link', { name: ada.email }).waitFor()
      await lamp.end()
      await mine.getByText('Away').waitFor()
    })
  })

  describe('the story of a device', () => {
    test('grows while it comes, opens its window, and somebody tries and claims', async () => {
      const page = await open(deviceUrl())
      await said(page, 'Live').waitFor()
      const lamp = await connectDevice(server.mqttUrl, device.token, ['latchkey/v1/claim/result'])
      await line(page, 'Connected').first().waitFor()
      await lamp.publish('latchkey/v1/claim', { secret: 'from its screen', durationMs: 60_000 })
      await line(page, /Its window is open.*with a secret/).waitFor()
      await claim('wrong')
      await line(page, /Refused.*wrong-secret.*Next step: Read the secret again/).waitFor()
      await claim('from its screen')
      await line(page, /Claimed.*epoch 1.*via latchkey/).waitFor()
      await page.locator('.badges').getByText(ada.email).waitFor()
      await lamp.publish('latchkey/v1/events', { eventType: 'lit', eventData: { watts: 7 } })
      await line(page, /lit.*"watts":7/).waitFor()
      await page.getByRole('radio', { name: 'Hands and tries' }).check()
      expect(await line(page, /"watts":7/).count()).toBe(0)
      expect(await line(page, 'Claimed').count()).toBe(1)
      await page.reload()
      await line(page, /Claimed.*epoch 1/).waitFor()
      await line(page, /lit.*"watts":7/).waitFor()
      await lamp.end()
    })

    test('is heard again, with another ticket, when its stream breaks', async () => {
      const page = await visit(deviceUrl())
      const tickets: string[] = []
      // The first ticket is used up before the page gets to it, and its stream ends.
      await page.route('**/latchkey/v1/events?**', async (route) => {
        const url = route.request().url()
        tickets.push(url)
        if (tickets.length === 1) await route.abort()
        else await route.continue()
      })
      await enterConsole(page)
      await said(page, 'Live').waitFor()
      expect(tickets.length).toBeGreaterThan(1)
      expect(new Set(tickets).size).toBe(tickets.length)
      const lamp = await connectDevice(server.mqttUrl, device.token)
      await lamp.publish('latchkey/v1/events', { eventType: 'lit', eventData: { watts: 5 } })
      await line(page, /lit.*"watts":5/).waitFor()
      await lamp.end()
    })

    test('a command goes to the device, and its answer comes back', async () => {
      const lamp = await connectDevice(server.mqttUrl, device.token, ['latchkey/v1/commands'])
      const page = await open(deviceUrl())
      await button(page, 'Send command').click()
      await said(page, 'An action is required').waitFor()
      await field(page, 'Action').fill('blink')
      await field(page, 'Parameters (JSON)').fill('{"times": 3')
      await button(page, 'Send command').click()
      await said(page, 'This is not JSON').waitFor()
      await field(page, 'Parameters (JSON)').fill('{"times": 3}')
      await button(page, 'Send command').click()
      const command = await lamp.next('latchkey/v1/commands')
      expect(command).toMatchObject({ action: 'blink', parameters: { times: 3 } })
      await line(page, /blink.*With the device/).waitFor()
      await lamp.publish(`latchkey/v1/commands/${command.id}/ack`, { blinked: 3 })
      await line(page, /blink.*Done.*\{"blinked":3\}/).waitFor()
      await line(page, /Command done.*blink/).waitFor()
      await lamp.end()
    })

    test('a command for nobody waits, and is dropped with the next change of hands', async () => {
      await claim('right')
      const page = await open(deviceUrl())
      await field(page, 'Action').fill('wait')
      await button(page, 'Send command').click()
      await line(page, /wait.*Waiting for the device/).waitFor()
      await maker.delete(`${V1}/devices/${device.id}/owner`)
      await line(page, /wait.*Dropped/)
        .first()
        .waitFor()
    })
  })

  describe('what a maker does with a device', () => {
    test('is asked about before it cannot be taken back: a release', async () => {
      await claim('right')
      const page = await open(deviceUrl())
      await button(page, 'Release').click()
      await dialog(page).getByText(`${ada.email} loses it at once`).waitFor()
      await page.keyboard.press('Enter')
      expect(await dialog(page).count()).toBe(0)
      expect((await maker.get(`${V1}/devices/${device.id}`)).body.claimed).toBe(true)
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Release')
      await button(page, 'Release').click()
      await dialog(page).getByRole('button', { name: 'Release' }).click()
      await line(page, /Released.*epoch 2/).waitFor()
      expect((await maker.get(`${V1}/devices/${device.id}`)).body.claimed).toBe(false)
      await page.locator('.badges').getByText('Nobody').waitFor()
    })

    test('a new box key is shown once, with a label that is good for a claim', async () => {
      const page = await open(deviceUrl())
      await button(page, 'New box key').click()
      await field(page, 'Good for how many days').fill('0')
      await button(page, 'Make the key').click()
      await said(page, '1–3650').waitFor()
      await field(page, 'Good for how many days').fill('30')
      await button(page, 'Make the key').click()
      await dialog(page).getByRole('img', { name: 'Label for the box' }).waitFor()
      const secret = (await shownOnce(page, 'Box key')) ?? ''
      await dialog(page).getByRole('button', { name: 'Close' }).click()
      expect(await page.content()).not.toContain(secret)
      await page.reload()
      await title(page, device.name).waitFor()
      expect(await page.content()).not.toContain(secret)
      expect((await claim('right')).status).toBe(403)
      expect((await claim(secret)).status).toBe(201)
    })

    test('a new name, and not that of another device', async () => {
      const other = await makeDevice(maker)
      const page = await open(deviceUrl())
      await button(page, 'Rename').click()
      await field(page, 'New name').fill(other.name)
      await dialog(page).getByRole('button', { name: 'Rename' }).click()
      await said(page, 'Another device of the project has this name.').waitFor()
      const name = `renamed-${device.name}`
      await field(page, 'New name').fill(name)
      await dialog(page).getByRole('button', { name: 'Rename' }).click()
      await title(page, name).waitFor()
      expect((await maker.get(`${V1}/devices/${device.id}`)).body.name).toBe(name)
    })

    test('a new credential ends what the former one has opened', async () => {
      const lamp = await connectDevice(server.mqttUrl, device.token)
      const page = await open(deviceUrl())
      await button(page, 'New credential').click()
      await dialog(page)
        .getByText(/opens nothing any more/)
        .waitFor()
      await button(page, 'Withdraw and make new').click()
      const token = (await shownOnce(page, 'token')) ?? ''
      await lamp.closed
      await (await connectDevice(server.mqttUrl, token)).end()
    })
  })

  describe('accounts and homes', () => {
    test('claiming is withheld from an account, and allowed again', async () => {
      const page = await open(`${server.httpUrl}/console/accounts?email=${ada.email}`)
      await page.getByRole('link', { name: ada.email }).click()
      await title(page, ada.email).waitFor()
      await button(page, 'Withhold claiming').click()
      await dialog(page).getByRole('button', { name: 'Withhold claiming' }).click()
      await button(page, 'Allow claiming').waitFor()
      expect((await claim('right')).status).toBe(403)
      await button(page, 'Allow claiming').click()
      await button(page, 'Withhold claiming').waitFor()
      expect((await claim('right')).status).toBe(201)
    })

    test('what an account has open is counted, and its sessions end', async () => {
      await ada.post(`${V1}/claims`, { linkId: 'the shared word' })
      const { code } = (await ada.post(`${V1}/claim-codes`, {})).body
      const page = await open(`${server.httpUrl}/console/accounts/${ada.id}`)
      await said(page, /1 open, next one ends/)
        .first()
        .waitFor()
      expect(await said(page, /1 open, next one ends/).count()).toBe(2)
      expect(await page.content()).not.toContain('the shared word')
      expect(await page.content()).not.toContain(code)
      await button(page, 'End all sessions').click()
      await dialog(page).getByRole('button', { name: 'End all sessions' }).click()
      await said(page, 'Signed out everywhere').waitFor()
      expect((await ada.get(`${V1}/homes`)).status).toBe(401)
    })

    test('a home leads to its members and its devices', async () => {
      await claim('right')
      const page = await open(`${server.httpUrl}/console/homes/${ada.home}`)
      await page.getByRole('link', { name: device.name }).click()
      await title(page, device.name).waitFor()
      await page.goBack()
      await page.getByRole('link', { name: ada.email }).click()
      await title(page, ada.email).waitFor()
    })
  })

  describe('projects', () => {
    test('one is founded, its policy changed, and its keys made and removed', async () => {
      const page = await open(`${server.httpUrl}/console/projects`)
      await button(page, 'Found a project').click()
      await field(page, 'Name').fill('Lamps & more')
      await dialog(page).getByRole('button', { name: 'Found a project' }).click()
      await page.getByRole('link', { name: 'Lamps & more' }).click()
      await title(page, 'Overview').waitFor()
      await goTo(page, 'Policy')
      await title(page, 'Policy').waitFor()
      await page.getByRole('switch', { name: 'Anybody may make an account' }).uncheck()
      await field(page, 'A link id waits').fill('99')
      await button(page, 'Save').click()
      await said(page, 'From 1 second to 30 days').waitFor()
      await field(page, 'A link id waits').fill('1.5')
      await button(page, 'Save').click()
      await said(page, 'Saved').waitFor()
      const projects = (await maker.get(`${V1}/projects`)).body.items
      const made = projects.find(({ name }: { name: string }) => name === 'Lamps & more')
      expect(made.policy).toMatchObject({ signUp: false, linkTtlMs: 1.5 * 86_400_000 })

      await goTo(page, 'Keys')
      for (const [make, name] of [
        ['Make a key', 'Key'],
        ['Make a client', 'Client secret'],
      ] as const) {
        await button(page, make).click()
        await field(page, 'Name').fill(`the robot of ${make}`)
        await dialog(page).getByRole('button', { name: make }).click()
        const secret = (await shownOnce(page, name)) ?? ''
        expect(secret).toMatch(/^[\w-]{43}$/)
        await dialog(page).getByRole('button', { name: 'Close' }).click()
        await row(page, `the robot of ${make}`).waitFor()
        expect(await page.content()).not.toContain(secret)
      }
      await button(page, 'Remove: the robot of Make a key').click()
      await dialog(page).getByRole('button', { name: 'Remove' }).click()
      await said(page, 'There is none.').waitFor()
      const listed = await maker.get(`${V1}/project-keys?project=${made.id}`)
      expect(listed.body.items).toEqual([])
    })

    test('another project is looked at by choosing it', async () => {
      await maker.post(`${V1}/projects`, { name: 'other', accounts: 'email', provisioning: 'pre' })
      const foreign = await makeDevice(maker, { project: 'other' })
      const page = await open(`${server.httpUrl}/console/devices`)
      await said(page, /devices shown/).waitFor()
      await page.getByRole('combobox', { name: 'Project' }).selectOption('other')
      await row(page, foreign.name).waitFor()
      await said(page, '1 device shown').waitFor()
      await goTo(page, 'Homes')
      await said(page, 'No homes').waitFor()
    })
  })

  describe('the overview', () => {
    test('counts claims and refusals by reason, and tells what happens', async () => {
      await maker.post(`${V1}/projects`, { name: 'busy', accounts: 'email', provisioning: 'pre' })
      const who = { email: 'of-busy@example.com', password: PASSWORD }
      await maker.post(`${V1}/users`, { ...who, project: 'busy' })
      const user = await signIn(server.httpUrl, who)
      const lamp = await makeDevice(maker, { project: 'busy', claimCode: 'right' })
      const page = await open(`${server.httpUrl}/console?project=busy`)
      await said(page, 'Live').waitFor()
      const connected = await connectDevice(server.mqttUrl, lamp.token)
      for (const secret of ['wrong', 'wrong again', 'right'])
        await user.post(`${V1}/claims`, { device: lamp.name, secret })
      await line(page, /Claimed.*device-/).waitFor()
      const tile = (name: string) => page.locator('.tile').filter({ hasText: name })
      await tile('Refused').getByText('2', { exact: true }).waitFor()
      await tile('Claimed').getByText('1', { exact: true }).waitFor()
      await tile('Connected now').getByText('1', { exact: true }).waitFor()
      await line(page, /wrong secret.*2/).waitFor()
      await page.getByRole('img', { name: '1 claimed and 2 refused in this period' }).waitFor()
      await page.getByRole('radio', { name: 'Last 7 days' }).check()
      await page.getByRole('img', { name: '1 claimed and 2 refused in this period' }).waitFor()
      await connected.end()
    })
  })

  test('the console speaks the language of its reader, and another when he asks', async () => {
    const page = await visit(`${server.httpUrl}/console`, { locale: 'de-DE' })
    await field(page, 'E-Mail-Adresse').fill(ADMIN.email)
    await field(page, 'Passwort').fill(ADMIN.password)
    await button(page, /^Anmelden$/).click()
    await title(page, 'Übersicht').waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    await button(page, 'English').click()
    await title(page, 'Overview').waitFor()
  })

  test('without a network the page says so, and goes on when it is back', async () => {
    const page = await open(`${server.httpUrl}/console/policy`)
    await title(page, 'Policy').waitFor()
    await page.context().setOffline(true)
    await goTo(page, 'Homes')
    await said(page, 'The server cannot be reached').waitFor()
    await page.context().setOffline(false)
    await button(page, 'Try again').click()
    await said(page, 'Personal').first().waitFor()
  })

  test('an address that leads nowhere says so, and so does a device that is not there', async () => {
    const page = await open(`${server.httpUrl}/console/nowhere/at/all`)
    await title(page, 'Nothing is here').waitFor()
    await page.goto(
      `${server.httpUrl}/console/devices/${'0'.repeat(8)}-0000-4000-8000-000000000000`,
    )
    await said(page, 'Not found').waitFor()
  })
})
