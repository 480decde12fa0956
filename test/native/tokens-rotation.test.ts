import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { KeyFileUnfit, openInstanceKeys } from '../../shared/guard/instance-key.ts'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { partsOfToken, sessionKeyIn } from '../support/forged.ts'
import { folder } from '../support/process.ts'
import { startServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const CLAIM = 'latchkey/v1/claim'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const newKey = () => randomBytes(32).toString('base64url')

/** One store, and a server on it that is started again with other keys. */
const place = () => {
  const { path, drop } = folder()
  endings.push(drop)
  const keyFile = join(path, 'instance.key')
  let running: Awaited<ReturnType<typeof startServer>> | undefined
  const stop = async () => {
    await running?.close()
    running = undefined
  }
  endings.push(stop)
  const startWith = async (...lines: readonly string[]) => {
    await stop()
    writeFileSync(keyFile, `${lines.join('\n')}\n`)
    running = await startServer({
      LATCHKEY_STORE: `embedded:${join(path, 'store')}`,
      LATCHKEY_KEY_FILE: keyFile,
    })
    return { ...running, kid: sessionKeyIn(keyFile).kid }
  }
  return { keyFile, startWith }
}

const opens = async (httpUrl: string, token: string | undefined) =>
  (await api(httpUrl, { token: token as string }).get(`${V1}/devices`)).status === 200

const kidOf = (token: string | undefined) => partsOfToken(token as string).header.kid

/** A device with an open window, another with a key in its box, and one with a credential alone. */
const devicesOn = async ({ httpUrl, mqttUrl }: { httpUrl: string; mqttUrl: string }) => {
  const maker = await signIn(httpUrl)
  const windowed = await makeDevice(maker)
  const boxed = await makeDevice(maker, { claimCode: 'in the box' })
  const connected = await connectDevice(mqttUrl, windowed.token)
  await connected.publish(CLAIM, { secret: 'on the device', durationMs: 600_000 })
  await connected.end()
  return { windowed, boxed }
}

/** That the devices know their credentials, what the maker is shown of them, and that both can be claimed. */
const stillStand = async (
  { httpUrl, mqttUrl }: { httpUrl: string; mqttUrl: string },
  { windowed, boxed }: Awaited<ReturnType<typeof devicesOn>>,
) => {
  const maker = await signIn(httpUrl)
  const ada = await customer(httpUrl)
  for (const device of [windowed, boxed]) {
    const connected = await connectDevice(mqttUrl, device.token)
    await connected.end()
    const shown = await api(httpUrl, { token: maker.token as string }).get(
      `/api/device/${device.id}/credentials`,
    )
    expect(shown.body.credentialsId).toBe(device.token)
  }
  for (const [device, secret] of [
    [windowed, 'on the device'],
    [boxed, 'in the box'],
  ] as const)
    expect((await ada.post(`${V1}/claims`, { device: device.id, secret })).status).toBe(201)
}

describe('a new instance key', () => {
  test('signs out nobody, and signs what comes after it', async () => {
    const [old, young] = [newKey(), newKey()]
    const { startWith } = place()
    const before = await startWith(old)
    const ada = await customer(before.httpUrl)
    expect(kidOf(ada.token)).toBe(before.kid)
    const after = await startWith(young, old)
    expect(after.kid).not.toBe(before.kid)
    expect(await opens(after.httpUrl, ada.token)).toBe(true)
    const again = await signIn(after.httpUrl, { email: ada.email, password: 'customer-password' })
    expect(kidOf(again.token)).toBe(after.kid)
    await api(after.httpUrl, { token: ada.token as string }).delete(`${V1}/sessions`)
    for (const { token } of [ada, again]) expect(await opens(after.httpUrl, token)).toBe(false)
  })

  test('leaves devices their credentials, and windows and box keys open', async () => {
    const [old, young] = [newKey(), newKey()]
    const { startWith } = place()
    const devices = await devicesOn(await startWith(old))
    await stillStand(await startWith(young, old), devices)
  })

  test('answers an Idempotency-Key from before it', async () => {
    const [old, young] = [newKey(), newKey()]
    const key = { 'idempotency-key': 'make the lamp' }
    const { startWith } = place()
    const maker = await signIn((await startWith(old)).httpUrl)
    const made = await maker.post(`${V1}/devices`, { name: 'lamp' }, key)
    const after = await startWith(young, old)
    const again = await api(after.httpUrl, { token: maker.token as string }).post(
      `${V1}/devices`,
      { name: 'lamp' },
      key,
    )
    expect([again.status, again.body]).toEqual([201, made.body])
  })

  test('is known to a node before any signs with it, so that nodes can be restarted one by one', async () => {
    const [old, young] = [newKey(), newKey()]
    const { startWith } = place()
    const before = await startWith(old)
    const devices = await devicesOn(before)
    const known = await startWith(old, young, old)
    expect(known.kid).toBe(before.kid)
    const signed = await startWith(young, old)
    const ada = await customer(signed.httpUrl)
    const back = await startWith(old, young, old)
    expect(await opens(back.httpUrl, ada.token)).toBe(true)
    await stillStand(back, devices)
  })
})

describe('an old instance key', () => {
  test('that is taken out of the middle ends its tokens alone', async () => {
    const [first, second, third] = [newKey(), newKey(), newKey()]
    const { startWith } = place()
    const one = await customer((await startWith(first)).httpUrl)
    const two = await customer((await startWith(second, first)).httpUrl)
    const three = await customer((await startWith(third, second, first)).httpUrl)
    const { httpUrl } = await startWith(third, first)
    expect(await opens(httpUrl, two.token)).toBe(false)
    for (const { token } of [one, three]) expect(await opens(httpUrl, token)).toBe(true)
  })

  test('that is retired ends its tokens, and devices, windows and box keys stay', async () => {
    const [old, young] = [newKey(), newKey()]
    const { startWith } = place()
    const before = await startWith(old)
    const devices = await devicesOn(before)
    const ada = await customer(before.httpUrl)
    const after = await startWith(young, `${old} retired`)
    expect(await opens(after.httpUrl, ada.token)).toBe(false)
    await signIn(after.httpUrl, { email: ada.email, password: 'customer-password' })
    await stillStand(after, devices)
  })

  test('that is removed altogether ends its tokens; devices that have their credential keep it', async () => {
    const [old, young] = [newKey(), newKey()]
    const { startWith } = place()
    const before = await startWith(old)
    const { windowed } = await devicesOn(before)
    const ada = await customer(before.httpUrl)
    await startWith(young, old)
    const after = await startWith(young)
    expect(await opens(after.httpUrl, ada.token)).toBe(false)
    const connected = await connectDevice(after.mqttUrl, windowed.token)
    await connected.end()
  })
})

describe('a key file', () => {
  const written = (text: string) => {
    const { keyFile } = place()
    writeFileSync(keyFile, text)
    return keyFile
  }

  test('is made with one key of 256 random bits', () => {
    const { keyFile } = place()
    const { root, signers } = openInstanceKeys(keyFile)
    expect(root).toHaveLength(32)
    expect(signers).toEqual([root])
    expect(readFileSync(keyFile, 'utf8')).toMatch(/^[\w-]{43}\n$/)
    expect(openInstanceKeys(keyFile).root).toEqual(root)
  })

  test('may have empty lines, spaces at their ends and the line ends of Windows', () => {
    const [old, young] = [newKey(), newKey()]
    const { root, signers } = openInstanceKeys(written(`\r\n${young} \r\n\r\n${old}  retired\r\n`))
    expect(Buffer.from(root).toString('base64url')).toBe(old)
    expect(signers.map((key) => Buffer.from(key).toString('base64url'))).toEqual([young])
  })

  const key = newKey()
  test.each([
    ['that is empty', ''],
    ['with a key too short', 'tooshort'],
    ['with an old key too short', `${key}\ntooshort`],
    ['with a note in it', `${key}\n# the old one\n${key}`],
    ['with two keys on a line', `${key} ${key}`],
    ['whose only key is retired', `${key} retired`],
    ['with another than the last one retired', `${key} retired\n${key}`],
    ['with nothing but that word', 'retired'],
  ])('%s is refused without saying what is in it', (_, text) => {
    const keyFile = written(text)
    let refused: unknown
    try {
      openInstanceKeys(keyFile)
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(KeyFileUnfit)
    const { message } = refused as KeyFileUnfit
    expect(message).toContain(keyFile)
    expect(message).not.toContain(key)
    expect(message).not.toContain('tooshort')
  })
})
