import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { describeWithChromium, shoot, violationsOf } from '../support/browser.ts'
import { button, said, signInOn } from '../support/claim-page.ts'
import { qrFilm } from '../support/picture.ts'
import { startServer, type TestServer } from '../support/server.ts'

const FAKE = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

const folder = mkdtempSync(join(tmpdir(), 'latchkey-film-'))
const film = join(folder, 'label.y4m')
writeFileSync(film, qrFilm('{"deviceName":"filmed-lamp","secretKey":"seen by a camera"}'))

let server: TestServer
let maker: Api
let ada: Awaited<ReturnType<typeof customer>>

beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
  ada = await customer(server.httpUrl)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Whether the page still holds a camera. */
const isFilming =
  'document.querySelector("latchkey-claim").shadowRoot.querySelector("video") !== null'

describeWithChromium(
  'with a camera',
  ({ visit }) => {
    test('a person holds the label before it, and one tap claims', async () => {
      const device = await makeDevice(maker, { name: 'filmed-lamp', claimCode: 'seen by a camera' })
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      await button(page, 'Scan QR code').click()
      await said(page, 'One more tap and the device is yours.').waitFor()
      expect(await page.evaluate(isFilming)).toBe(false)
      await button(page, 'Claim device').click()
      await said(page, 'The device is yours').waitFor()
      expect((await maker.get(`/latchkey/v1/devices/${device.id}`)).body.owner).toBe(ada.home)
    })
  },
  () => [...FAKE, `--use-file-for-fake-video-capture=${film}`],
)

describeWithChromium(
  'with a camera that sees no code',
  ({ visit }) => {
    test('a person closes it again, and it is off', async () => {
      const page = await visit(`${server.httpUrl}/claim`)
      await signInOn(page, ada.email)
      // The stream, as soon as the browser has given it.
      await page.evaluate(`{
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
        globalThis.film = new Promise((resolve) => {
          navigator.mediaDevices.getUserMedia = async (wanted) => {
            const stream = await ask(wanted)
            resolve(stream)
            return stream
          }
        })
        undefined
      }`)
      await button(page, 'Scan QR code').click()
      expect(await page.evaluate('film.then(({ active }) => active)')).toBe(true)
      await said(page, 'Hold the QR code into the frame').waitFor()
      await shoot(page, 'camera')
      expect(await violationsOf(page)).toEqual([])
      await button(page, 'Close camera').click()
      await button(page, 'Claim device').waitFor()
      expect(await page.evaluate('film.then(({ active }) => active)')).toBe(false)
    })
  },
  () => FAKE,
)

describeWithChromium('without a camera', ({ visit }) => {
  test('a person is told, and uses a picture instead', async () => {
    const page = await visit(`${server.httpUrl}/claim`)
    await signInOn(page, ada.email)
    await button(page, 'Scan QR code').click()
    await said(page, /No camera found|The camera may not be used/).waitFor()
    await button(page, 'Use a picture').waitFor()
  })
})
