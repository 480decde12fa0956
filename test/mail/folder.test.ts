import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { counted, eventually, mailSettings, withMailRooms } from '../support/mail.ts'

withMailRooms((room) => {
  let places = 0
  const folder = () => {
    places += 1
    return join(room().folder, `messages-${places}`)
  }
  const filesIn = (path: string) => readdirSync(path).filter((name) => name.endsWith('.json'))
  const only = (path: string) => {
    const [name] = filesIn(path)
    return JSON.parse(readFileSync(join(path, name as string), 'utf8')) as Record<string, string>
  }

  test('a mail is one JSON file with the members of the contract, and its token is good', async () => {
    const { parts, project } = room()
    const path = folder()
    const { metrics } = await room().couriers(mailSettings(`file:${path}`))
    const wanted = { project, letter: 'member-invite', to: 'ada@example.com' } as const
    await parts.mail.send({ ...wanted, subject: 'home 1/ada', about: 'Beach' })
    await eventually(async () => (await counted(metrics, 'sent')) === 1)
    const mail = only(path)
    expect(mail).toEqual({
      to: 'ada@example.com',
      subject: expect.any(String),
      text: expect.any(String),
      kind: 'member-invite',
      token: expect.stringMatching(/^[A-Za-z0-9_-]{64}$/),
    })
    expect(mail.text?.split('\n')).toContain(mail.token)
    expect(
      await parts.registry.oneTimeTokens.redeem('member-invite', mail.token as string),
    ).toMatchObject({
      subject: 'home 1/ada',
    })
    expect(readdirSync(path)).toHaveLength(1)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, readdirSync(path)[0] as string)).mode & 0o777).toBe(0o600)
  })

  test('a letter that only tells something has no token', async () => {
    const { parts, project } = room()
    const path = folder()
    const { metrics } = await room().couriers(mailSettings(`file:${path}`))
    await parts.mail.send({ project, letter: 'transfer-denied', to: 'ada@example.com' })
    await eventually(async () => (await counted(metrics, 'sent')) === 1)
    expect(Object.keys(only(path))).toEqual(['to', 'subject', 'text', 'kind'])
    expect(only(path).kind).toBe('transfer')
  })

  test('a text message is one JSON file with the members of the contract, and its code is good', async () => {
    const { parts, project } = room()
    const path = folder()
    const { metrics } = await room().couriers(mailSettings('file:/nowhere', `file:${path}`))
    await parts.mail.sendSms({ project, to: '+34600000002', subject: '+34600000002' })
    await eventually(async () => (await counted(metrics, 'sent', 'sms')) === 1)
    const sms = only(path)
    expect(sms).toEqual({
      to: '+34600000002',
      text: expect.any(String),
      code: expect.stringMatching(/^\d{6}$/),
    })
    expect(sms.text).toContain(sms.code)
    expect(sms.text?.length).toBeLessThanOrEqual(160)
    expect(
      await parts.registry.oneTimeTokens.redeemCode(project, '+34600000002', sms.code as string),
    ).toMatchObject({ state: 'held' })
  })

  test('a file is whole as soon as it has its name', async () => {
    const { parts, project } = room()
    const path = folder()
    mkdirSync(path)
    const seen = new Map<string, string>()
    const watcher = watch(path, (_event, name) => {
      if (name === null || !name.endsWith('.json') || seen.has(name)) return
      seen.set(name, readFileSync(join(path, name), 'utf8'))
    })
    const { metrics } = await room().couriers(mailSettings(`file:${path}`))
    for (let n = 0; n < 20; n++)
      await parts.mail.send({
        ...{ project, letter: 'verify-email', to: `w${n}@example.com`, subject: `w${n}` },
      })
    await eventually(async () => (await counted(metrics, 'sent')) === 20)
    await eventually(() => seen.size === 20)
    watcher.close()
    for (const text of seen.values()) expect(JSON.parse(text)).toHaveProperty('token')
  })

  test('a folder that cannot be made is waited for', async () => {
    const { parts, project } = room()
    const path = folder()
    writeFileSync(path, 'not a folder')
    const { metrics } = await room().couriers(mailSettings(`file:${path}/mail`))
    await parts.mail.send({ project, letter: 'verify-email', to: 'w@example.com', subject: 'w' })
    await eventually(async () => (await counted(metrics, 'postponed')) >= 1)
    rmSync(path)
    await eventually(async () => (await counted(metrics, 'sent')) === 1)
    expect(filesIn(join(path, 'mail'))).toHaveLength(1)
  })
})
