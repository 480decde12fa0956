import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import { loadDevice } from './load.ts'
import { medianOf, sampleOf, welch } from './welch.ts'

/**
 * Whether refusals can be told apart by their time (research/security.md S66): requests of every kind in one run, in an
 * order that is drawn, one at a time. A report: no test depends on it. `node dist/bench/timing.js [store URL]`.
 */
const EACH = Number(process.env.EACH ?? 2400)
const PROJECTS = 8
const TRIES_OF_ACCOUNT = 18
/** Above that two kinds are different (dudect). */
const LOUD = 4.5

const V1 = '/latchkey/v1'
const ADMIN = { email: 'admin@localhost', password: 'bench-password' }
const PASSWORD = 'bench-password'
const SECRET = 'the-right-secret'

type Answer = {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly us: number
}
type Asker = {
  readonly ask: (method: string, path: string, body: unknown, more?: Headers) => Promise<Answer>
  readonly end: () => void
}
type Headers = Readonly<Record<string, string>>

/** One connection that is kept. */
const createAsker = (port: number): Asker => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (method: string, path: string, body: unknown, more: Headers = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const text = JSON.stringify(body)
      const length = { 'content-length': String(Buffer.byteLength(text)) }
      const headers = { 'content-type': 'application/json', ...length, ...more }
      const began = process.hrtime.bigint()
      const sent = request({ agent, port, host: '127.0.0.1', method, path, headers }, (reply) => {
        let came = ''
        reply.on('data', (part: Buffer) => {
          came += part.toString()
        })
        reply.on('end', () => {
          const us = Number(process.hrtime.bigint() - began) / 1000
          resolve({ status: reply.statusCode ?? 0, body: came === '' ? {} : JSON.parse(came), us })
        })
      })
      sent.on('error', reject)
      sent.end(text)
    })
  return { ask, end: () => agent.destroy() }
}

const bearer = (token: unknown) => ({ authorization: `Bearer ${token}` })

const good = ({ status, body }: Answer): Record<string, unknown> => {
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`)
  return body
}

/** What a kind of request is, for an account; `headers` say who it is. */
type Kind = (home: number) => readonly [path: string, body: unknown, scheme: 'Bearer' | 'ModeCloud']

/** A project with a device in every state, and the kinds of refusals that are to be had there. */
const foundProject = async ({ ask }: Asker, mqttPort: number, maker: Headers) => {
  const wanted = { name: randomUUID(), accounts: 'email', provisioning: 'pre' }
  const project = good(await ask('POST', `${V1}/projects`, wanted, maker))
  const device = async (more: object = {}) => {
    const claimCode = randomUUID()
    const body = { name: randomUUID(), claimCode, project: project.id, ...more }
    const made = good(await ask('POST', `${V1}/devices`, body, maker))
    return { id: made.id as string, number: made.number, token: made.token as string, claimCode }
  }
  const windowed = async (durationMs: number) => {
    const made = await device({ claimCode: undefined })
    const live = await loadDevice(mqttPort, made.token, made.id)
    await live.publish('latchkey/v1/claim', JSON.stringify({ secret: SECRET, durationMs }))
    live.end()
    return made
  }
  const inClaimMode = async (duration: number) => {
    const made = await device()
    const body = { deviceId: made.number, claimable: true, duration }
    const key = { authorization: `ModeCloud ${made.token}` }
    good(await ask('POST', '/deviceRegistration', body, key))
    return made
  }
  const person = async () => {
    const who = { email: `${randomUUID()}@example.com`, password: PASSWORD }
    good(await ask('POST', `${V1}/users`, { ...who, project: project.id }, maker))
    const signIn = { projectId: project.number, appId: 'app', ...who }
    const { token } = good(await ask('POST', '/auth/user', signIn)) as { token: string }
    const key = { authorization: `ModeCloud ${token}` }
    const home = good(await ask('POST', '/homes', { name: 'home' }, key)).id as number
    return { token, home }
  }
  const owner = await person()
  const hour = 3_600_000
  const [open, over, owned, closed] = [
    ...[await windowed(hour), await windowed(1000), await windowed(hour)],
    await device({ claimCode: undefined }),
  ]
  const claim = { device: owned?.id, secret: SECRET }
  good(await ask('POST', `${V1}/claims`, claim, bearer(owner.token)))
  const [ready, printed, late, taken] = [
    ...[await inClaimMode(3600), await device(), await inClaimMode(1), await inClaimMode(3600)],
  ]
  const add = { homeId: owner.home, claimCode: taken?.claimCode }
  good(await ask('POST', '/devices', add, { authorization: `ModeCloud ${owner.token}` }))

  const native =
    (id: () => string | undefined, secret?: string): Kind =>
    () => [`${V1}/claims`, { device: id(), ...(secret === undefined ? {} : { secret }) }, 'Bearer']
  const mode =
    (code: () => string | undefined): Kind =>
    (homeId) => ['/devices', { homeId, claimCode: code() }, 'ModeCloud']
  const kinds: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
    'POST /latchkey/v1/claims': {
      'no such device': native(randomUUID, SECRET),
      'wrong secret, first letter': native(() => open?.id, `T${SECRET.slice(1)}`),
      'wrong secret, last letter': native(() => open?.id, `${SECRET.slice(0, -1)}T`),
      'wrong secret, shorter': native(() => open?.id, 'the'),
      'no window': native(() => closed?.id, SECRET),
      'window is over, right secret': native(() => over?.id, SECRET),
      'somebody else’s, right secret': native(() => owned?.id, SECRET),
    },
    'POST /devices (MODE)': {
      'no such code': mode(randomUUID),
      'not in claim mode': mode(() => printed?.claimCode),
      'claim mode is over': mode(() => late?.claimCode),
      'somebody else’s': mode(() => taken?.claimCode),
    },
  }
  return { person, kinds, ready }
}

type Place = Awaited<ReturnType<typeof foundProject>>
type Account = Awaited<ReturnType<Place['person']>> & { readonly address: string; tries: number }

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)

/** Times of every kind of one call, µs. */
const timesOf = async (asker: Asker, places: readonly Place[], call: string) => {
  const names = Object.keys(places[0]?.kinds[call] ?? {})
  const times = new Map(names.map((name): [string, number[]] => [name, []]))
  const perPlace = Math.ceil(EACH / places.length)
  let people = 0
  for (const { person, kinds } of places) {
    let account: Account | undefined
    const order = shuffled(names.flatMap((name) => Array.from({ length: perPlace }, () => name)))
    for (const name of order) {
      if (account === undefined || account.tries >= TRIES_OF_ACCOUNT) {
        people += 1
        const address = `10.${people >> 16}.${(people >> 8) & 255}.${people & 255}`
        account = { ...(await person()), address, tries: 0 }
      }
      account.tries += 1
      const kind = kinds[call]?.[name] as Kind
      const [path, body, scheme] = kind(account.home)
      const headers = {
        authorization: `${scheme} ${account.token}`,
        'x-forwarded-for': account.address,
      }
      const { status, us } = await asker.ask('POST', path, body, headers)
      if (status !== 403) throw new Error(`${call}, ${name}: ${status}`)
      times.get(name)?.push(us)
    }
  }
  return times
}

const print = (call: string, times: ReadonlyMap<string, readonly number[]>) => {
  const [[first = '', least = []] = []] = times
  const base = sampleOf(least)
  process.stdout.write(`\n${call}: ${least.length} of each kind; t against "${first}"\n`)
  for (const [name, all] of times) {
    const sample = sampleOf(all)
    const t = welch(sample, base)
    const cells = [name.padEnd(32), `${medianOf(all).toFixed(0)} us`.padStart(9)]
    const mean = `${sample.mean.toFixed(1)} us`.padStart(11)
    const loud = Math.abs(t) < LOUD ? '' : '  <- can be told apart'
    process.stdout.write(`${[...cells, mean, t.toFixed(2).padStart(8)].join(' ')}${loud}\n`)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-timing-'))
const child = await startChild('main.js', {
  LATCHKEY_STORE: process.argv[2] ?? `embedded:${join(folder, 'store')}`,
  LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
  LATCHKEY_MAIL: `file:${join(folder, 'mail')}`,
  LATCHKEY_SMS: `file:${join(folder, 'sms')}`,
  LATCHKEY_MQTT_PORT: '0',
  LATCHKEY_HTTP_PORT: '0',
  LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
  LATCHKEY_LOG_LEVEL: 'warn',
  LATCHKEY_TRUST_PROXY: '127.0.0.1/32',
})
const asker = createAsker(child.ready.http?.port as number)
const maker = bearer(good(await asker.ask('POST', `${V1}/sessions`, ADMIN)).token)
const places: Place[] = []
for (let i = 0; i < PROJECTS; i++)
  places.push(await foundProject(asker, child.ready.mqtt?.port as number, maker))
// Until the windows that are to be over are.
await new Promise((resolve) => setTimeout(resolve, 1100))
process.stdout.write('kind, median, mean without the slowest twentieth, Welch’s t\n')
for (const call of Object.keys(places[0]?.kinds ?? {}))
  print(call, await timesOf(asker, places, call))
asker.end()
await child.end()
rmSync(folder, { recursive: true, force: true })
