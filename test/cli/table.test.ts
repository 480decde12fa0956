import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { workFolder } from '../support/cli.ts'
import { hasCommands, ROOT } from '../support/readme.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const CLI = join(ROOT, 'dist/cli.js')

type Env = Readonly<Record<string, string>>
type Ended = { readonly code: number | null; readonly out: string; readonly err: string }

/** Runs a program to its end; its input is nobody's. */
const run = async (command: string, argv: readonly string[], env: Env = {}): Promise<Ended> => {
  const child = spawn(command, argv, {
    cwd: room.path,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (piece: Buffer) => {
    said.out += piece.toString()
  })
  child.stderr.on('data', (piece: Buffer) => {
    said.err += piece.toString()
  })
  const [code] = await once(child, 'close')
  return { code: code as number | null, ...said }
}

const latchkey = (argv: readonly string[], env?: Env) => run(process.execPath, [CLI, ...argv], env)

const room = workFolder()
afterAll(room.drop)

/** Every command there is, and whether it prints data, works long, and is understood without another word. */
const COMMANDS = [
  { name: 'serve', printsData: false },
  { name: 'devices import', printsData: true },
  { name: 'labels', printsData: true },
  { name: 'why', printsData: true },
  { name: 'doctor', printsData: true },
  { name: 'audit verify', printsData: true },
  { name: 'export', printsData: true },
  { name: 'import', printsData: true },
  { name: 'sim device', printsData: true },
  { name: 'sim gateway', printsData: true },
  { name: 'sim app', printsData: true },
] as const

describe('every command', () => {
  test('is in the table', async () => {
    const { out } = await latchkey(['--help'])
    const named = [...out.matchAll(/^ {2}latchkey (\w+)/gm)].map(([, name]) => name)
    const first = COMMANDS.map(({ name }) => name.split(' ')[0])
    expect(named).toEqual([...new Set(first)])
  })

  test.each(COMMANDS)('$name: help, wrong usage', async ({ name, printsData }) => {
    const argv = name.split(' ')
    const [help, wrong] = await Promise.all([
      latchkey([...argv, '--help']),
      latchkey([...argv, '--no-such-option']),
    ])
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain(`latchkey ${name}`)
    expect(help.out).toMatch(/Exit codes: 0 /)
    expect(help.out.includes('--json')).toBe(printsData)
    expect([wrong.code, wrong.out]).toEqual([2, ''])
    expect(wrong.err).toMatch(/latchkey/)
    // Words for a person, and no stack.
    expect(wrong.err).not.toMatch(/\n\s+at /)
  })

  test.each(['', 'devices', 'audit', 'sim'])(
    'latchkey %s alone tells what there is',
    async (name) => {
      const argv = name === '' ? [] : [name]
      const [help, wrong] = await Promise.all([
        latchkey([...argv, '--help']),
        latchkey([...argv, 'no-such-command']),
      ])
      expect([help.code, help.err]).toEqual([0, ''])
      expect([wrong.code, wrong.out]).toEqual([2, ''])
      expect(wrong.err).toBe(help.out)
    },
  )
})

describe('with --json', () => {
  let server: TestServer
  let maker: Api
  let account: Env
  const settings = {
    LATCHKEY_STORE: `embedded:${room.at('store')}`,
    LATCHKEY_KEY_FILE: room.at('instance.key'),
    LATCHKEY_MAIL: `file:${room.at('mail')}`,
    LATCHKEY_SMS: `file:${room.at('sms')}`,
  }
  beforeAll(async () => {
    server = await startServer(settings)
    maker = await signIn(server.httpUrl)
    account = { LATCHKEY_URL: server.httpUrl, LATCHKEY_PASSWORD: ADMIN.password }
  })
  afterAll(() => server.close())

  /** Each line is JSON, and nobody who reads lines is shown a bar. */
  const data = async (argv: readonly string[], env: Env, code = 0) => {
    const ended = await latchkey([...argv, '--json'], env)
    expect([argv, ended.code, ended.err]).toEqual([argv, code, ''])
    const lines = ended.out.trimEnd().split('\n')
    for (const line of lines) expect(JSON.parse(line)).toEqual(expect.any(Object))
    return lines.map((line) => JSON.parse(line))
  }

  test('every command writes lines of JSON to stdout and nothing to stderr', async () => {
    const rows = room.at('rows.ndjson')
    writeFileSync(rows, '{"name":"lamp-1"}\n{"name":"lamp-2"}\n')
    const made = room.at('made.ndjson')
    const imported = await data(['devices', 'import', rows, '--box-keys', '--out', made], account)
    expect(imported).toMatchObject([{ created: 2, failed: 0 }])
    const pdf = ['labels', made, '--out', room.at('labels.pdf'), '--url', 'https://devices.example']
    expect(await data(pdf, account)).toEqual([{ labels: 2, skipped: 0 }])
    const why = await data(['why', 'lamp-1'], account)
    expect(why.at(-1)).toMatchObject({ now: { name: 'lamp-1', claimed: false } })

    const { token, name } = await makeDevice(maker)
    const said = ['--url', server.mqttUrl, `--token=${token}`, '--secret', 'shown', '--once']
    expect((await data(['sim', 'device', ...said], {})).length).toBeGreaterThan(0)
    const { email } = await customer(server.httpUrl)
    const app = ['--http', server.httpUrl, '--email', email, '--password', 'customer-password']
    const claim = await data(
      ['sim', 'app', 'claim', ...app, '--device', name, '--secret', 'shown'],
      {},
    )
    expect(JSON.stringify(claim)).toContain('claimed')
    const gateway = await makeDevice(maker, { gateway: true })
    const children = ['--url', server.mqttUrl, `--token=${gateway.token}`, '--children', 'lamp-2']
    await data(['sim', 'gateway', ...children, '--connect'], {})

    writeFileSync(room.at('audit.ndjson'), (await maker.get(`${V1}/audit`)).text)
    await data(['audit', 'verify', room.at('audit.ndjson')], {})
    // An embedded store is read beside the server that has it.
    expect((await data(['doctor', '--all'], settings)).length).toBeGreaterThan(3)
    const out = await latchkey(['export', '--out', room.at('all.ndjson'), '--json'], settings)
    const { id } = JSON.parse(out.out)
    const other = { ...settings, LATCHKEY_STORE: `embedded:${room.at('other')}` }
    expect(await data(['import', room.at('all.ndjson')], other)).toMatchObject([{ id }])
  })

  test('a refusal ends with 1, an address where nobody is with 3', async () => {
    const nowhere = { ...account, LATCHKEY_URL: 'http://127.0.0.1:9' }
    const argv = ['why', 'no-such-lamp', '--json']
    const [none, away] = await Promise.all([latchkey(argv, account), latchkey(argv, nowhere)])
    expect([none.code, none.out]).toEqual([1, ''])
    expect([away.code, away.out]).toEqual([3, ''])
    expect(none.err + away.err).not.toMatch(/\n\s+at /)
  })
})

describe('a progress bar', () => {
  const BAR = /\d+ %/
  const rows = room.at('many.ndjson')
  const count = 50
  const label = (n: number) => JSON.stringify({ name: `lamp-${n}`, boxKey: 'K-ABCD' })
  writeFileSync(rows, Array.from({ length: count }, (_, n) => `${label(n)}\n`).join(''))
  const argv = (out: string) => ['labels', rows, '--out', room.at(out), '--content', 'thingsboard']

  /** The command under a terminal: util-linux's `script` gives it one. */
  const onTerminal = async () => {
    const quoted = [process.execPath, CLI, ...argv('seen.svg')].map((word) => `'${word}'`)
    const { out, code } = await run('script', ['-qec', quoted.join(' '), '/dev/null'])
    expect(code).toBe(0)
    expect(out).toMatch(BAR)
  }
  // Nothing else gives a command a terminal; that a pipe gets no bar is tested everywhere.
  if (hasCommands('script')) test('is shown on a terminal', onTerminal)
  else test.skip('is shown on a terminal (skipped: there is no script)', onTerminal)

  test('is not shown to a pipe', async () => {
    const { err, out, code } = await latchkey(argv('piped.svg'))
    expect([code, err, out]).toEqual([0, '', `${count} labels\n`])
  })
})
