import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { createDigests } from '../../shared/guard/digests.ts'
import { openInstanceKeys } from '../../shared/guard/instance-key.ts'
import { silentLog } from '../../shared/log.ts'
import { createMail } from '../../shared/mail/mail.ts'
import { createRegistry } from '../../shared/registry/index.ts'
import { openStore } from '../../shared/store/open.ts'
import { createAuthority, describeWithOpenssl } from '../support/certificates.ts'
import { eventually } from '../support/mail.ts'
import { folder, startProcess } from '../support/process.ts'
import { describeWithRedis, freePort, startRedis } from '../support/redis-server.ts'
import { startSmtp } from '../support/smtp.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const place = () => {
  const { path, drop } = folder()
  endings.push(drop)
  return path
}

const started = async (cwd: string, env: Readonly<Record<string, string>>) => {
  const running = await startProcess(cwd, env)
  endings.push(async () => {
    running.kill('SIGKILL')
    await running.exited
  })
  return running
}

const filesUnder = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesUnder(join(path, entry.name))
      : entry.isFile()
        ? [join(path, entry.name)]
        : [],
  )

const bytesUnder = (path: string) =>
  filesUnder(path)
    .map((file) => readFileSync(file, 'latin1'))
    .join('\n')

/** Asks for a message in the embedded store of a folder, as a process that is killed right after the commit. */
const askAndDie = async (cwd: string) => {
  const index = pathToFileURL(resolve(import.meta.dirname, '../../dist/index.js')).href
  const code = `
    import { createDigests, createMail, createRegistry, openInstanceKeys, openStore, silentLog } from '${index}'
    const store = await openStore({ url: 'embedded:./data', log: silentLog })
    const { root, signers } = openInstanceKeys('./data/instance.key')
    const common = { store, now: Date.now, newId: () => crypto.randomUUID() }
    const registry = createRegistry({ ...common, digests: createDigests(root, signers), random: () => 0 })
    const project = (await registry.projects.find('default')).id
    const mail = createMail({ ...common, tokens: registry.oneTimeTokens })
    await mail.send({ project, letter: 'verify-email', to: 'ada@example.com', subject: 'ada' })
    await mail.sendSms({ project, to: '+34600000003', subject: 'ada' })
    process.kill(process.pid, 'SIGKILL')
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
}

test('kill -9 between the commit and the sending: what was asked for is sent by the next start, into the usual folders', async () => {
  const cwd = place()
  const first = await started(cwd, {})
  first.kill('SIGTERM')
  expect(await first.exited).toBe(0)
  await askAndDie(cwd)
  expect(readdirSync(join(cwd, 'data'))).not.toContain('mail')
  await started(cwd, {})
  const only = (name: string) => {
    const path = join(cwd, 'data', name)
    const [file] = readdirSync(path).filter((one) => one.endsWith('.json'))
    return file === undefined ? undefined : JSON.parse(readFileSync(join(path, file), 'utf8'))
  }
  await eventually(() => {
    const names = readdirSync(join(cwd, 'data'))
    return names.includes('mail') && names.includes('sms') && only('mail') && only('sms')
  })
  expect(only('mail')).toMatchObject({ to: 'ada@example.com', kind: 'verify-email' })
  expect(only('sms')).toMatchObject({ to: '+34600000003', code: expect.stringMatching(/^\d{6}$/) })
  const stored = readFileSync(join(cwd, 'data/data.mdb'), 'latin1')
  expect(stored).toContain('one-time')
  expect(stored).not.toContain(only('mail').token.slice(-26))
})

/** Asks for mail in the store of running processes, as another node would. */
const anotherNode = async (url: string, cwd: string) => {
  const store = await openStore({ url, log: silentLog })
  endings.push(() => store.close())
  const { root, signers } = openInstanceKeys(join(cwd, 'data/instance.key'))
  const common = { store, now: Date.now, newId: () => crypto.randomUUID() }
  const digests = createDigests(root, signers)
  const registry = createRegistry({ ...common, digests, random: () => 0 })
  const project = await registry.projects.find('default')
  if (project === undefined) throw new Error('there is no default project')
  const mail = createMail({ ...common, tokens: registry.oneTimeTokens })
  return { mail, registry, project: project.id }
}

const TOKEN = /^[A-Za-z0-9_-]{64}$/m

describeWithRedis('with Redis', () => {
  test('kill -9 while a letter waits for its server: the next start sends it; its token is in no store and no log', async () => {
    const dir = place()
    const redis = await startRedis({ dir })
    endings.push(() => redis.stop())
    const cwd = place()
    const port = await freePort()
    const env = {
      LATCHKEY_STORE: redis.url,
      LATCHKEY_LOG_LEVEL: 'trace',
      LATCHKEY_MAIL: `smtp://us%65r:SEKRET-pass@127.0.0.1:${port}`,
      LATCHKEY_PUBLIC_URL: 'https://latch.example',
    }
    const running = await started(cwd, env)
    const { mail, registry, project } = await anotherNode(redis.url, cwd)
    const wanted = { project, letter: 'reset-password', to: 'ada.l@example.com' } as const
    await mail.send({ ...wanted, subject: 'ada' })
    await eventually(() => running.said().out.includes('could not be sent yet'))
    running.kill('SIGKILL')
    await running.exited
    const smtp = await startSmtp({
      port,
      options: { onAuth: ({ username }, _session, done) => done(null, { user: username }) },
    })
    endings.push(() => smtp.close())
    const again = await started(cwd, env)
    const letter = await smtp.next()
    expect(letter).toMatchObject({ to: ['ada.l@example.com'], user: 'user' })
    await eventually(() => again.said().out.includes('a message was sent'))
    const token = TOKEN.exec(letter.text)?.[0] as string
    const client = new Redis(redis.url, { protocol: 2 })
    await client.save()
    client.disconnect()
    const logs = [running, again].map(({ said }) => `${said().out}${said().err}`).join('\n')
    const stored = bytesUnder(dir)
    expect(stored).toContain('one-time')
    for (const secret of [token, token.slice(-26), 'SEKRET-pass']) {
      expect(stored).not.toContain(secret)
      expect(logs).not.toContain(secret)
    }
    expect(logs).not.toContain('ada.l@')
    expect(await registry.oneTimeTokens.redeem('reset-password', token)).toMatchObject({
      subject: 'ada',
    })
    expect(smtp.received).toEqual([])
  })

  describeWithOpenssl('and a certificate authority of the operator', () => {
    test('smtps sends to a server that it vouches for', async () => {
      const redis = await startRedis()
      endings.push(() => redis.stop())
      const cwd = place()
      const authority = createAuthority(cwd)
      const { cert, key } = authority.issue('mail')
      const smtp = await startSmtp({ options: { secure: true, cert, key } })
      endings.push(() => smtp.close())
      await started(cwd, {
        LATCHKEY_STORE: redis.url,
        LATCHKEY_MAIL: `smtps://127.0.0.1:${smtp.port}`,
        NODE_EXTRA_CA_CERTS: authority.certPath,
      })
      const { mail, project } = await anotherNode(redis.url, cwd)
      const wanted = { project, letter: 'verify-email', to: 'ada@example.com' } as const
      await mail.send({ ...wanted, subject: 'ada' })
      expect(await smtp.next()).toMatchObject({ secure: true, to: ['ada@example.com'] })
    })
  })
})
