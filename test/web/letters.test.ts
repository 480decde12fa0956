import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, api, customer, signIn } from '../support/api.ts'
import { describeWithChromium } from '../support/browser.ts'
import { button, field, said, signInOn } from '../support/claim-page.ts'
import { letterTo } from '../support/letters.ts'
import { modeHome, modeProject, modeUser, send } from '../support/mode.ts'
import { claimWithCode, newDevice, newEmail, newProduct, newUser } from '../support/particle.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const NEW = 'a whole new password'

let server: TestServer
let maker: Api
beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())

/** Somebody has asked for a device; the letter to its owner. */
const transfer = async () => {
  const [owner, asker] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
  const device = await newDevice(maker)
  await claimWithCode(server, device, owner)
  await owner.put(`/v1/devices/${device.particleId}`, { name: '<b>Hall</b> lamp' })
  await asker.post('/v1/devices', { id: device.particleId, request_transfer: true })
  const sees = async (who: Api) => (await who.get(`${V1}/devices/${device.id}`)).status
  return { owner, asker, sees, letter: await letterTo(server, owner.email) }
}

const reset = async () => {
  const ada = await customer(server.httpUrl)
  await api(server.httpUrl).post(`${V1}/password-resets`, { email: ada.email })
  return { ada, letter: await letterTo(server, ada.email) }
}

describeWithChromium('the pages behind our letters', ({ visit, complaints }) => {
  describe('a person', () => {
    test('forgets his password, gets a letter, sets a new one, and signs in with it', async () => {
      const ada = await customer(server.httpUrl)
      const page = await visit(`${server.httpUrl}/claim`)
      await page.getByRole('link', { name: 'Forgot your password?' }).click()
      await page.getByRole('heading', { name: 'Forgotten your password?' }).waitFor()
      await button(page, 'Send e-mail').click()
      await said(page, 'An e-mail address is required').waitFor()
      await field(page, 'E-mail address').fill('ada')
      await button(page, 'Send e-mail').click()
      await said(page, 'This is not an e-mail address').waitFor()
      await field(page, 'E-mail address').fill(ada.email)
      await button(page, 'Send e-mail').click()
      await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()

      const { link, token } = await letterTo(server, ada.email)
      const asked: string[] = []
      page.on('request', (request) =>
        asked.push(`${request.url()} ${JSON.stringify(request.headers())}`),
      )
      await page.goto(link)
      await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
      expect(page.url()).toBe(`${server.httpUrl}/latchkey/reset-password`)
      expect(asked.filter((text) => text.includes(token))).toEqual([])
      expect(asked.length).toBeGreaterThan(0)
      await field(page, 'New password').fill('short')
      await button(page, 'Set password').click()
      await said(page, 'The password needs at least 8 characters').waitFor()
      expect((await ada.get(`${V1}/devices`)).status).toBe(200)
      await field(page, 'New password').fill(NEW)
      await button(page, 'Set password').click()
      await page.getByRole('heading', { name: 'The new password is set' }).waitFor()
      expect((await ada.get(`${V1}/devices`)).status).toBe(401)
      expect(
        await page.evaluate('JSON.stringify({ ...sessionStorage, ...localStorage })'),
      ).not.toContain(token)
      await page.getByRole('link', { name: 'Sign in and claim a device' }).click()
      await signInOn(page, ada.email, NEW)
      await said(page, 'Claim a device').waitFor()
    })

    test('gives a device to who asks for it, after he has read which', async () => {
      const { owner, asker, sees, letter } = await transfer()
      const page = await visit(letter.link)
      await page.getByRole('heading', { name: 'Hand over this device?' }).waitFor()
      await said(page, '<b>Hall</b> lamp').waitFor()
      expect(page.url()).toBe(`${server.httpUrl}/latchkey/transfer`)
      expect([await sees(owner), await sees(asker)]).toEqual([200, 404])
      await button(page, 'Hand it over').click()
      await page.getByRole('heading', { name: 'Handed over' }).waitFor()
      expect([await sees(owner), await sees(asker)]).toEqual([404, 200])
    })

    test('keeps a device that somebody asks for', async () => {
      const { owner, asker, sees, letter } = await transfer()
      const page = await visit(letter.link)
      await button(page, 'Keep it').click()
      await page.getByRole('heading', { name: 'It stays yours' }).waitFor()
      expect([await sees(owner), await sees(asker)]).toEqual([200, 404])
    })

    test('shows that an address is his', async () => {
      const project = await modeProject(server)
      const email = newEmail()
      const body = { projectId: project.number, name: 'Ada', email, password: NEW }
      await send(server.httpUrl, 'POST', '/users', { body })
      const who = { projectId: project.number, appId: 'app', email, password: NEW }
      const status = async () =>
        (await send(server.httpUrl, 'POST', '/auth/user', { body: who })).status
      expect(await status()).toBe(403)
      const page = await visit((await letterTo(server, email)).link)
      await page.getByRole('heading', { name: 'Is this address yours?' }).waitFor()
      // Programs that look into letters open links, too: nothing has happened yet.
      expect(await status()).toBe(403)
      await button(page, 'Yes, it is mine').click()
      await page.getByRole('heading', { name: 'The address is yours' }).waitFor()
      expect(await status()).toBe(200)
    })

    test('accepts an invitation, with a password where he has none', async () => {
      const project = await modeProject(server)
      const ada = await modeUser(server, project)
      const home = await modeHome(server, ada)
      const [fresh, bob] = [newEmail(), await modeUser(server, project)]
      for (const email of [fresh, bob.email])
        await send(server.httpUrl, 'POST', `/homes/${home.id}/members`, {
          ...{ key: ada.key, body: { email } },
        })
      const page = await visit((await letterTo(server, fresh)).link)
      await field(page, 'Your name').fill('Cy')
      await button(page, 'Accept').click()
      await said(page, 'A password is required').waitFor()
      await field(page, 'Password').fill(NEW)
      await button(page, 'Accept').click()
      await page.getByRole('heading', { name: 'You are in', exact: true }).waitFor()
      const who = { email: fresh, password: NEW, project: project.id }
      expect((await api(server.httpUrl).post(`${V1}/sessions`, who)).status).toBe(201)
      const next = await visit((await letterTo(server, bob.email)).link)
      await said(next, 'Your account stays as it is.').waitFor()
      expect(await next.getByRole('textbox').count()).toBe(0)
      await button(next, 'Accept').click()
      await next.getByRole('heading', { name: 'You are in', exact: true }).waitFor()
      expect((await bob.native.get(`${V1}/homes`)).status).toBe(200)
    })

    test('of a product asks for a new letter where the old one is dead, and signs in there', async () => {
      const product = await newProduct(server.httpUrl)
      const email = newEmail()
      const wanted = { email, password: 'the first password', project: product.id }
      await maker.post(`${V1}/users`, wanted)
      const ask = () =>
        api(server.httpUrl).post(`${V1}/password-resets`, { email, project: product.slug })
      await ask()
      const old = await letterTo(server, email)
      await ask()
      const { link } = await letterTo(server, email, 2)
      const page = await visit(old.link)
      await said(page, 'This link is not good any more').waitFor()
      await button(page, 'Ask for a new e-mail').click()
      await field(page, 'E-mail address').fill(email)
      const sent = page.waitForRequest((request) => request.url().endsWith('/password-resets'))
      await button(page, 'Send e-mail').click()
      expect((await sent).postDataJSON()).toEqual({ email, project: product.id })
      await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor()
      const { link: third } = await letterTo(server, email, 3)
      // The one between is dead, too; each is opened in the same tab.
      await page.goto(link)
      await said(page, 'This link is not good any more').waitFor()
      await page.goto(third)
      await said(page, `The e-mail comes from ${product.slug}.`).waitFor()
      await field(page, 'New password').fill(NEW)
      await button(page, 'Set password').click()
      await page.getByRole('link', { name: 'Sign in and claim a device' }).click()
      expect(page.url()).toBe(`${server.httpUrl}/claim?project=${product.slug}`)
      await signInOn(page, email, NEW)
      await said(page, 'Claim a device').waitFor()
    })
  })

  describe('a link', () => {
    test('that has been used says so, whatever is tried with it', async () => {
      const { letter } = await reset()
      const [first, second] = [await visit(letter.link), await visit(letter.link)]
      for (const page of [first, second]) await field(page, 'New password').fill(NEW)
      await button(first, 'Set password').click()
      await first.getByRole('heading', { name: 'The new password is set' }).waitFor()
      await button(second, 'Set password').click()
      await said(second, 'This link is not good any more').waitFor()
      await second.goto('about:blank')
      await second.goto(letter.link)
      await said(second, 'This link is not good any more').waitFor()
      expect(await second.getByRole('textbox').count()).toBe(0)
    })

    test('to a transfer that was answered says so', async () => {
      const { letter, sees, asker } = await transfer()
      const [first, second] = [await visit(letter.link), await visit(letter.link)]
      await button(second, 'Hand it over').waitFor()
      await button(first, 'Keep it').click()
      await first.getByRole('heading', { name: 'It stays yours' }).waitFor()
      await button(second, 'Hand it over').click()
      await said(second, 'This link is not good any more').waitFor()
      expect(await sees(asker)).toBe(404)
    })

    test.each([
      ['verify-email', '', 'The link is not complete'],
      ['member-invite', '', 'The link is not complete'],
      ['transfer', '', 'The link is not complete'],
      ['verify-email', '#abc', 'This link is not good any more'],
      ['transfer', `#${'x'.repeat(64)}`, 'This link is not good any more'],
      ['reset-password', `#${'x'.repeat(5000)}`, 'This link is not good any more'],
      ['reset-password', '#%00<img src=x onerror=alert(1)>', 'This link is not good any more'],
      ['reset-password', '', 'Where do we send it?'],
    ])('%s with %s is answered in words', async (path, fragment, words) => {
      const page = await visit(`${server.httpUrl}/latchkey/${path}${fragment}`)
      await said(page, words).waitFor()
      expect(page.url()).toBe(`${server.httpUrl}/latchkey/${path}`)
      expect(await page.locator('img').count()).toBe(0)
    })

    test('opened where there is no network can be tried again', async () => {
      const { letter } = await reset()
      const page = await visit(`${server.httpUrl}/latchkey/reset-password`)
      await page.context().setOffline(true)
      await page.evaluate(`location.hash = ${JSON.stringify(letter.token)}`)
      await said(page, 'The service cannot be reached').waitFor()
      await page.context().setOffline(false)
      await button(page, 'Try again').click()
      await field(page, 'New password').fill(NEW)
      await page.context().setOffline(true)
      await button(page, 'Set password').click()
      await said(page, 'The service cannot be reached').waitFor()
      await page.context().setOffline(false)
      expect(await field(page, 'New password').inputValue()).toBe(NEW)
      await button(page, 'Set password').click()
      await page.getByRole('heading', { name: 'The new password is set' }).waitFor()
    })

    test('leaves nothing of its token in the history', async () => {
      const { letter } = await reset()
      const page = await visit(`${server.httpUrl}/claim`)
      await page.goto(letter.link)
      await field(page, 'New password').waitFor()
      await page.goBack()
      await page.goForward()
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(page.url()).toBe(`${server.httpUrl}/latchkey/reset-password`)
    })
  })

  test('the page speaks the language of its reader, and another when he asks', async () => {
    const { letter } = await transfer()
    const page = await visit(letter.link, { locale: 'de-CH' })
    await page.getByRole('heading', { name: 'Dieses Gerät abgeben?' }).waitFor()
    expect(await page.title()).toBe('Ihr Gerät, Ihre Entscheidung')
    expect(await page.locator('html').getAttribute('lang')).toBe('de')
    await button(page, 'English').click()
    await page.getByRole('heading', { name: 'Hand over this device?' }).waitFor()
    await page.goto(`${server.httpUrl}/claim`)
    await page.getByRole('heading', { name: 'Make it yours' }).waitFor()
  })

  test('text never becomes markup, and no other script runs', async () => {
    const page = await visit(`${server.httpUrl}/latchkey/verify-email`)
    await said(page, 'The link is not complete').waitFor()
    await expect(page.evaluate("document.body.innerHTML = '<p>'")).rejects.toThrow(/TrustedHTML/)
    const foreign = "fetch('https://other.example/').catch(({ message }) => message)"
    expect(await page.evaluate(foreign)).toBe('Failed to fetch')
    expect(complaints().join('\n')).toMatch(/connect-src 'self'/)
  })
})
