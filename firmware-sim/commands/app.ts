import {
  claimByToken,
  claimOverHttp,
  devicesOverHttp,
  explainOverHttp,
  followClaim,
  releaseOverHttp,
  type SimApp,
  signIn,
} from '../app.ts'
import { WrongUsage } from '../failure.ts'
import { fields, parseJson, text } from '../json.ts'
import type { ClaimOutcome, Refusal } from '../platforms/platform.ts'
import { PLATFORM_NAMES, platformOf } from '../platforms/table.ts'
import {
  address,
  type Command,
  EXIT,
  EXIT_HELP,
  type ExitCode,
  type Given as GivenFor,
  HTTP,
  parse,
  platformName,
  required,
  wholeNumber,
} from './command.ts'
import { createReport, type Report } from './report.ts'

const HELP = `latchkey sim app: a simulated app of a customer

  latchkey sim app claim --device D [--secret S] [--wait]    claim a device; or, from a scanned code:
  latchkey sim app claim --scan '{"deviceName":"..","secretKey":".."}'
  latchkey sim app claim --token T                           with the device's own token (latchkey, thethings)
  latchkey sim app release --device D                        give a device up
  latchkey sim app devices                                   list the account's devices
  latchkey sim app explain --claim ID                        why a claim ended as it did

  --http URL              the gateway (http://127.0.0.1:8080)
  --email E --password P  the account
  --platform NAME         ${PLATFORM_NAMES.join(' or ')} (latchkey)
  --secret S              the secret; on thethings the id that the app and the device share
  --wait                  follow a waiting claim until it changes
  --timeout-ms N          for how long (300000)
  --json                  one JSON line per event

${EXIT_HELP}
`

const OPTIONS = {
  platform: { type: 'string' },
  http: { type: 'string', default: 'http://127.0.0.1:8080' },
  email: { type: 'string' },
  password: { type: 'string' },
  device: { type: 'string' },
  secret: { type: 'string' },
  scan: { type: 'string' },
  claim: { type: 'string' },
  token: { type: 'string' },
  wait: { type: 'boolean', default: false },
  'timeout-ms': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Given = GivenFor<typeof OPTIONS>
type Act = (app: SimApp, report: Report) => Promise<ExitCode>

/** What a scanned QR code says: ThingsBoard's members, or ours. `WrongUsage` for another text. */
export const readScan = (code: string): { device: string; secret: string | undefined } => {
  const said = fields(parseJson(code))
  const device = text(said, 'deviceName') ?? text(said, 'device')
  if (device === undefined) throw new WrongUsage('--scan is not the text of a claim code')
  return { device, secret: text(said, 'secretKey') ?? text(said, 'secret') }
}

const tellRefusal = (report: Report, device: string, refusal: Refusal): ExitCode => {
  report.tell('refused', { device, reason: refusal.reason, attempt: refusal.attempt })
  return EXIT.refused
}

const tellClaim = (report: Report, device: string, outcome: ClaimOutcome): ExitCode => {
  switch (outcome.state) {
    case 'claimed':
      report.tell('claimed', { device, epoch: outcome.epoch, claim: outcome.id })
      return EXIT.done
    case 'waiting':
      report.tell('waiting', { device, claim: outcome.id, expiresAt: outcome.expiresAt })
      return EXIT.done
    case 'refused':
      return tellRefusal(report, device, outcome)
  }
}

/** A device that is not named: its token is never told. */
const UNNAMED = 'device'

const claimWithToken =
  (token: string): Act =>
  async (app, report) =>
    tellClaim(report, UNNAMED, await claimByToken(app, token))

const claim = (given: Given): Act => {
  const { token, device, secret, scan } = given
  if (token !== undefined) {
    if ([device, secret, scan].some((one) => one !== undefined))
      throw new WrongUsage('--token excludes --device, --secret and --scan')
    return claimWithToken(required('token', token))
  }
  if (given.scan !== undefined && given.device !== undefined) {
    throw new WrongUsage('--scan and --device exclude each other')
  }
  const half =
    given.scan === undefined
      ? { device: required('device', given.device), secret: given.secret }
      : readScan(given.scan)
  const timeoutMs = wholeNumber('timeout-ms', given['timeout-ms'], 1) ?? 300_000
  if (given.wait && !platformOf(platformName(given.platform)).app.look) {
    throw new WrongUsage('--wait: claims never wait on this platform')
  }
  return async (app, report) => {
    const outcome = await claimOverHttp(app, half)
    const code = tellClaim(report, half.device, outcome)
    if (outcome.state !== 'waiting' || !given.wait) return code
    const later = await followClaim(app, outcome.id, timeoutMs)
    if (later.state === 'waiting') return EXIT.unreachable
    return tellClaim(report, half.device, later)
  }
}

const release = (given: Given): Act => {
  const device = required('device', given.device)
  return async (app, report) => {
    const outcome = await releaseOverHttp(app, device)
    if (outcome.state === 'refused') return tellRefusal(report, device, outcome)
    report.tell('released', { device })
    return EXIT.done
  }
}

const devices = (): Act => async (app, report) => {
  const outcome = await devicesOverHttp(app)
  if (outcome.state === 'refused') return tellRefusal(report, 'devices', outcome)
  for (const { id, name } of outcome.value) report.tell('listed', { device: id, name })
  return EXIT.done
}

const explain = (given: Given): Act => {
  const id = required('claim', given.claim)
  return async (app, report) => {
    const outcome = await explainOverHttp(app, id)
    if (outcome.state === 'refused') return tellRefusal(report, id, outcome)
    report.tell('explained', { claim: id, explanation: outcome.value })
    return EXIT.done
  }
}

const ACTS = new Map<string | undefined, (given: Given) => Act>([
  ['claim', claim],
  ['release', release],
  ['devices', devices],
  ['explain', explain],
])

/** `latchkey sim app`. */
export const app: Command = {
  help: HELP,
  async run([word, ...rest], io) {
    const plan = ACTS.get(word)
    if (!plan) throw new WrongUsage('say what the app does: claim, release, devices or explain')
    const given = parse(rest, OPTIONS)
    const act = plan(given)
    const account = {
      platform: platformName(given.platform),
      http: address('http', given.http, HTTP),
      email: required('email', given.email),
      password: required('password', given.password),
    }
    const report = createReport(io, { json: given.json, total: 1 })
    return act(await signIn(account), report)
  },
}
