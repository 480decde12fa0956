import { WrongUsage } from '../failure.ts'
import type { PlatformName } from '../platforms/table.ts'
import {
  address,
  type Given as GivenFor,
  HTTP,
  MQTT,
  parse,
  platformName,
  protocolVersion,
  required,
  wholeNumber,
} from './command.ts'

/** Where the devices come from. */
export type Source =
  | { readonly kind: 'token'; readonly token: string; readonly name: string | undefined }
  | { readonly kind: 'provision'; readonly token: string; readonly name: string | undefined }
  | { readonly kind: 'file'; readonly path: string; readonly count: number | undefined }
  | {
      readonly kind: 'maker'
      readonly http: string
      readonly email: string
      readonly password: string
      readonly prefix: string
      readonly count: number
    }

/** When the run is over: windows open, devices claimed, or only when interrupted. */
export type Goal = 'open' | 'claimed' | 'never'

/** A `sim device` command line, understood. */
export type DevicePlan = {
  readonly platform: PlatformName
  readonly url: string
  readonly protocol: 4 | 5
  readonly source: Source
  /** The code to bring in the stead of opening a window. */
  readonly code: string | undefined
  /** Absent: a new one for every device. */
  readonly secret: string | undefined
  readonly noSecret: boolean
  readonly durationMs: number | undefined
  readonly goal: Goal
  readonly timeoutMs: number | undefined
  readonly events: number
  readonly qr: boolean
  readonly json: boolean
}

const OPTIONS = {
  platform: { type: 'string' },
  url: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
  token: { type: 'string' },
  tokens: { type: 'string' },
  provision: { type: 'string' },
  name: { type: 'string' },
  count: { type: 'string' },
  http: { type: 'string' },
  email: { type: 'string' },
  password: { type: 'string' },
  'name-prefix': { type: 'string', default: 'sim-' },
  code: { type: 'string' },
  secret: { type: 'string' },
  'no-secret': { type: 'boolean', default: false },
  'duration-ms': { type: 'string' },
  protocol: { type: 'string' },
  once: { type: 'boolean', default: false },
  until: { type: 'string' },
  'timeout-ms': { type: 'string' },
  events: { type: 'string' },
  qr: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

type Given = GivenFor<typeof OPTIONS>

const sourceOf = (given: Given): Source => {
  const { token, tokens, provision, http } = given
  if ([token, tokens, provision, http].filter((one) => one !== undefined).length !== 1) {
    throw new WrongUsage(
      'give one of --token, --tokens, --provision, or --http with --email and --password',
    )
  }
  const count = wholeNumber('count', given.count, 1)
  const single = token ?? provision
  if (single !== undefined) {
    if ((count ?? 1) > 1) throw new WrongUsage('--count above 1 needs --tokens or --http')
    const kind = token === undefined ? 'provision' : 'token'
    return { kind, token: required(kind, single), name: given.name }
  }
  if (tokens !== undefined) return { kind: 'file', path: tokens, count }
  return {
    kind: 'maker',
    http: address('http', required('http', http), HTTP),
    email: required('email', given.email),
    password: required('password', given.password),
    prefix: given['name-prefix'],
    count: count ?? 1,
  }
}

const goalOf = (given: Given): Goal => {
  if (given.until === undefined) return given.once ? 'open' : 'never'
  if (given.once) throw new WrongUsage('--once and --until exclude each other')
  if (given.until !== 'claimed') throw new WrongUsage('--until knows only "claimed"')
  return 'claimed'
}

/** Reads a `sim device` command line; `WrongUsage` when it cannot be understood. */
export const readDevicePlan = (argv: readonly string[]): DevicePlan => {
  const given = parse(argv, OPTIONS)
  if (given['no-secret'] && given.secret !== undefined) {
    throw new WrongUsage('--secret and --no-secret exclude each other')
  }
  if (given.code !== undefined && (given['no-secret'] || given.secret !== undefined)) {
    throw new WrongUsage('--code and a secret exclude each other')
  }
  return {
    platform: platformName(given.platform),
    url: address('url', given.url, MQTT),
    protocol: protocolVersion(given.protocol),
    source: sourceOf(given),
    code: given.code,
    secret: given.secret,
    noSecret: given['no-secret'],
    durationMs: wholeNumber('duration-ms', given['duration-ms']),
    goal: goalOf(given),
    timeoutMs: wholeNumber('timeout-ms', given['timeout-ms'], 1),
    events: wholeNumber('events', given.events) ?? 0,
    qr: given.qr,
    json: given.json,
  }
}
