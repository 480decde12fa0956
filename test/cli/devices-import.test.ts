import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { devicesImport } from '../../cli/devices-import.ts'
import { labels } from '../../cli/labels/command.ts'
import { type Api, customer, signIn } from '../support/api.ts'
import { runCli, workFolder } from '../support/cli.ts'
import { pagesOfPdf, readShape, shapesOfPage } from '../support/print.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let maker: Api
let folder: ReturnType<typeof workFolder>
beforeAll(async () => {
  server = await startServer()
  maker = await signIn(server.httpUrl)
})
afterAll(() => server.close())
beforeEach(() => {
  folder = workFolder()
})
afterEach(() => folder.drop())

const PASSWORD = { LATCHKEY_PASSWORD: ADMIN.password }
const write = (name: string, content: string) => {
  writeFileSync(folder.at(name), content)
  return folder.at(name)
}
const bring = (file: string, ...more: string[]) =>
  runCli(devicesImport, [file, '--url', server.httpUrl, ...more], PASSWORD)
const rowsOf = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

test('from a file to labels to a claim: what a code on a label says claims its device', async () => {
  const file = write('devices.csv', 'name,tag\nlamp-1,a\nlamp-2,b\n')
  const out = folder.at('made.ndjson')
  const brought = await bring(file, '--box-keys', '--out', out)
  expect(brought).toEqual({
    code: 0,
    stdout: '2 rows, 2 created, 0 updated, 0 unchanged, 0 failed\n',
    stderr: '',
  })
  expect(statSync(out).mode & 0o777).toBe(0o600)

  const pdf = folder.at('labels.pdf')
  const printed = await runCli(labels, [out, '--out', pdf, '--url', server.httpUrl])
  expect(printed.code).toBe(0)
  const shapes = shapesOfPage(pagesOfPdf(readFileSync(pdf))[0]?.content ?? '')
  expect(shapes).toHaveLength(2)
  const ann = await customer(server.httpUrl)
  for (const [place, shape] of shapes.entries()) {
    const link = new URL(readShape(shape))
    // The page is there; what is behind # it is never sent.
    expect((await fetch(link.origin + link.pathname)).status).toBe(200)
    const said = new URLSearchParams(link.hash.slice(1))
    const claimed = await ann.post('/latchkey/v1/claims', {
      device: said.get('d'),
      secret: said.get('s'),
    })
    expect(claimed.status).toBe(201)
    const seen = await ann.get(`/latchkey/v1/devices/${claimed.body.device}`)
    expect(seen.body.name).toBe(`lamp-${place + 1}`)
  }
})

test('a run that was cut off is run again and gives the same credentials', async () => {
  const file = write('again.ndjson', '{"name":"again-1"}\n')
  const first = await bring(file, '--box-keys')
  expect(first.stderr).toMatch(/--out/)
  const second = await bring(file, '--box-keys', '--out', folder.at('made.ndjson'))
  expect(second.stdout).toMatch(/1 created/)
  const [made] = rowsOf(folder.at('made.ndjson'))
  expect(made).toMatchObject({
    name: 'again-1',
    token: expect.any(String),
    boxKey: expect.stringMatching(/^K-/),
  })
  const present = await maker.get('/latchkey/v1/devices/again-1')
  expect(present.body.id).toBe(made.id)
})

test('bad rows are told on stderr, or written where that is asked for; the exit code tells', async () => {
  const file = write('bad.ndjson', '{"name":"good"}\nnope\n{"name":"","secret":"sesame"}\n')
  const told = await bring(file, '--json')
  expect(told.code).toBe(1)
  expect(told.stderr.match(/^line \d+/gm)).toEqual(['line 2', 'line 3'])
  expect(told.stderr).not.toContain('sesame')
  expect(JSON.parse(told.stdout)).toMatchObject({ rows: 3, created: 1, failed: 2 })
  const errors = folder.at('errors.ndjson')
  const written = await bring(file, '--errors', errors)
  expect(written.stderr).not.toMatch(/^line/m)
  expect(rowsOf(errors).map(({ line }) => line)).toEqual([2, 3])
})

test('another project than the own one is named', async () => {
  await maker.post('/latchkey/v1/projects', {
    name: 'lamps',
    accounts: 'email',
    provisioning: 'pre',
  })
  const file = write('lamps.ndjson', '{"name":"in-lamps"}\n')
  expect((await bring(file, '--project', 'lamps')).stdout).toMatch(/1 created/)
  expect((await bring(file, '--project', 'nowhere')).code).toBe(1)
})

test('what is there already is not written over, and nothing is sent then', async () => {
  const file = write('over.ndjson', '{"name":"over-1"}\n')
  const out = write('precious.ndjson', 'precious')
  const { code, stderr } = await bring(file, '--out', out)
  expect(code).toBe(2)
  expect(stderr).toMatch(/there already/)
  expect(readFileSync(out, 'utf8')).toBe('precious')
  expect((await maker.get('/latchkey/v1/devices/over-1')).status).toBe(404)
  expect(readdirSync(folder.path).some((name) => name.endsWith('.part'))).toBe(false)
})

test('a wrong password is refused, and never repeated', async () => {
  const file = write('devices.ndjson', '{"name":"x"}\n')
  const wrong = { LATCHKEY_PASSWORD: 'not-the-password' }
  const reply = await runCli(devicesImport, [file, '--url', server.httpUrl], wrong)
  expect(reply.code).toBe(1)
  expect(reply.stdout + reply.stderr).not.toContain('not-the-password')
})

test('a server that is not there is exit code 3', async () => {
  const file = write('devices.ndjson', '{"name":"x"}\n')
  const { code } = await runCli(devicesImport, [file, '--url', 'http://127.0.0.1:1'], PASSWORD)
  expect(code).toBe(3)
})

test.each([
  ['no file', [], PASSWORD],
  ['a file that is not there', ['nothing.csv'], PASSWORD],
  ['a file of another kind', ['devices.xlsx'], PASSWORD],
  ['an address that is none', ['devices.csv', '--url', 'here'], PASSWORD],
  ['a password as an argument', ['devices.csv', '--password', 'x'], PASSWORD],
  ['no password, and no terminal to ask on', ['devices.csv'], {}],
])('%s is wrong usage', async (_what, argv, env) => {
  write('devices.csv', 'name\n')
  write('devices.xlsx', '')
  const given = argv.map((word) => (/\.(csv|xlsx)$/.test(word) ? folder.at(word) : word))
  const { code, stderr } = await runCli(devicesImport, given, env)
  expect(code).toBe(2)
  expect(stderr).toMatch(/--help/)
  expect(existsSync(folder.at('made.ndjson'))).toBe(false)
})

test('help says everything, and asks nothing', async () => {
  const { code, stdout } = await runCli(devicesImport, ['--help'])
  expect(code).toBe(0)
  for (const option of ['--url', '--email', '--out', '--errors', '--box-keys', '--json'])
    expect(stdout).toContain(option)
})
