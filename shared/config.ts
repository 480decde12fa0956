import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { ADDRESSES, type Addresses } from './audit/actor.ts'
import { AUDIT_KEEP } from './audit/sealer.ts'
import { type IsProxy, readProxies } from './guard/proxies.ts'
import { DEFAULT_LIMITS, type Limits, readLimits } from './limits.ts'
import { type MailSettings, readMailSettings } from './mail/settings.ts'
import { type Replicas, readReplicas } from './store/replicas.ts'
import { readTraceSettings, type TraceSettings } from './trace/settings.ts'
import { type MayReach, readNetworks } from './webhooks/networks.ts'

/** The platform APIs that can be served beside the native one. */
export const DIALECTS = ['thingsboard', 'particle', 'mode', 'thethings', 'thingful'] as const
export type DialectName = (typeof DIALECTS)[number]

const ROLES = ['all', 'broker', 'gateway'] as const
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** Every setting of CONTRACT 1, read and checked. */
export type Config = {
  readonly host: string
  readonly mqttPort: number
  readonly httpPort: number
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string }
  readonly store: string
  readonly storeUnsafe: boolean
  /** Absent: what the master of a Redis has counts. */
  readonly replicas?: Replicas
  readonly role: (typeof ROLES)[number]
  readonly adminEmail: string
  readonly adminPassword?: string
  readonly keyFile: string
  readonly publicUrl?: string
  readonly dialects: readonly DialectName[]
  /** Lines of the audit that every project keeps, and how much of a client's address is in them. */
  readonly auditKeep: number
  readonly auditAddresses: Addresses
  /** Whether `/metrics` answers others than this machine. */
  readonly publicMetrics: boolean
  /** Web pages of other hosts that may call the native API and connect by WebSocket. */
  readonly origins: readonly string[]
  /** Web pages of other hosts that may show the claim page in a frame. */
  readonly frameOrigins: readonly string[]
  /** Whose word counts on who their clients are. */
  readonly isProxy: IsProxy
  readonly limits: Limits
  /** How mails and text messages leave. */
  readonly mail: MailSettings
  /** Whether webhooks may be called at an address. */
  readonly mayReach: MayReach
  readonly logLevel: (typeof LEVELS)[number]
  /** Where traces go: the standard variables, from the environment alone. */
  readonly tracing?: TraceSettings
}

/** A wrong configuration: every fault in words, for a person. */
export type ConfigFaults = { readonly faults: readonly string[] }

/** The names that may stand in the environment and in `latchkey.config.json`. */
export const SETTINGS = [
  'LATCHKEY_HOST',
  'LATCHKEY_MQTT_PORT',
  'LATCHKEY_HTTP_PORT',
  'LATCHKEY_TLS_CERT',
  'LATCHKEY_TLS_KEY',
  'LATCHKEY_TLS_CA',
  'LATCHKEY_STORE',
  'LATCHKEY_STORE_UNSAFE',
  'LATCHKEY_REDIS_REPLICAS',
  'LATCHKEY_REDIS_REPLICAS_MS',
  'LATCHKEY_ROLE',
  'LATCHKEY_ADMIN_EMAIL',
  'LATCHKEY_ADMIN_PASSWORD',
  'LATCHKEY_KEY_FILE',
  'LATCHKEY_PUBLIC_URL',
  'LATCHKEY_DIALECTS',
  'LATCHKEY_ORIGINS',
  'LATCHKEY_FRAME_ORIGINS',
  'LATCHKEY_TRUST_PROXY',
  'LATCHKEY_LIMITS',
  'LATCHKEY_LOG_LEVEL',
  'LATCHKEY_METRICS',
  'LATCHKEY_MAIL',
  'LATCHKEY_MAIL_FROM',
  'LATCHKEY_SMS',
  'LATCHKEY_MESSAGES_PER_HOUR',
  'LATCHKEY_WEBHOOK_NETWORKS',
  'LATCHKEY_AUDIT_KEEP',
  'LATCHKEY_AUDIT_ADDRESSES',
] as const
type Setting = (typeof SETTINGS)[number]

const CONFIG_FILE = 'latchkey.config.json'

/** `latchkey.config.json` names settings without the prefix and in small letters: `{"mqttPort": 1883}`, or as in the environment. */
const fileNameOf = (setting: Setting) =>
  setting
    .slice('LATCHKEY_'.length)
    .toLowerCase()
    .replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

const readFile = (folder: string, faults: string[]): Map<Setting, string> => {
  const values = new Map<Setting, string>()
  const path = join(folder, CONFIG_FILE)
  if (!existsSync(path)) return values
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    faults.push(`${CONFIG_FILE}: is not JSON`)
    return values
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    faults.push(`${CONFIG_FILE}: must be an object of settings`)
    return values
  }
  const names = new Map(
    SETTINGS.flatMap((s) => [
      [s as string, s],
      [fileNameOf(s), s],
    ]),
  )
  for (const [name, value] of Object.entries(content)) {
    const setting = names.get(name)
    if (setting === undefined) faults.push(`${CONFIG_FILE}: there is no setting "${name}"`)
    else values.set(setting, textOf(value))
  }
  return values
}

/** A value of the file as it would stand in the environment. */
const textOf = (value: unknown): string => {
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const limitsOf = (text: string | undefined, faults: string[]): Limits => {
  if (text === undefined) return DEFAULT_LIMITS
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    // What is no JSON is no object of limits either.
  }
  const limits = readLimits(given)
  if (!('faults' in limits)) return limits
  faults.push(...limits.faults.map((fault) => `LATCHKEY_LIMITS: ${fault}`))
  return DEFAULT_LIMITS
}

const originsOf = (
  setting: Setting,
  text: string | undefined,
  faults: string[],
): readonly string[] => {
  const origins = text?.split(',').map((origin) => origin.trim()) ?? []
  for (const origin of origins)
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      faults.push(`${setting}: "${origin}" is no origin like https://app.example`)
  return origins
}

const networksOf = (text: string | undefined, faults: string[]): MayReach => {
  const read = readNetworks(text)
  faults.push(...read.faults.map((fault) => `LATCHKEY_WEBHOOK_NETWORKS: ${fault}`))
  return read.mayReach
}

const proxiesOf = (text: string | undefined, faults: string[]): IsProxy => {
  const read = readProxies(text)
  faults.push(...read.faults.map((fault) => `LATCHKEY_TRUST_PROXY: ${fault}`))
  return read.isProxy
}

const auditKeepOf = (text: string | undefined, faults: string[]): number => {
  if (text === undefined) return AUDIT_KEEP
  const value = /^\d{1,8}$/.test(text) ? Number(text) : 0
  if (value < 1000 || value > 10_000_000)
    faults.push('LATCHKEY_AUDIT_KEEP: must be a number from 1000 to 10000000')
  return value
}

const oneOf = <const T extends string>(words: readonly T[], value: string): T | undefined =>
  words.find((word) => word === value)

/** Reads the environment over `latchkey.config.json` over the defaults, and names everything that is wrong. */
export const readConfig = (
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Config | ConfigFaults => {
  const faults: string[] = []
  const file = readFile(folder, faults)
  const get = (setting: Setting): string | undefined => {
    const value = env[setting] ?? file.get(setting)
    return value === undefined || value === '' ? undefined : value
  }
  const port = (setting: Setting, fallback: number): number => {
    const text = get(setting)
    if (text === undefined) return fallback
    const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
    if (!(value <= 65_535)) faults.push(`${setting}: must be a port from 0 to 65535`)
    return value
  }
  const word = <const T extends string>(setting: Setting, words: readonly T[], fallback: T): T => {
    const text = get(setting)
    if (text === undefined) return fallback
    const value = oneOf(words, text)
    if (value === undefined) faults.push(`${setting}: must be one of ${words.join(', ')}`)
    return value ?? fallback
  }

  const host = get('LATCHKEY_HOST') ?? '127.0.0.1'
  if (isIP(host) === 0 && !/^[A-Za-z0-9.-]{1,253}$/.test(host))
    faults.push('LATCHKEY_HOST: must be an address or a host name')
  const store = get('LATCHKEY_STORE') ?? 'embedded:./data'
  if (!/^(embedded:.+|rediss?:\/\/.+|rediss?\+(cluster|sentinel):\/\/.+)$/.test(store))
    faults.push(
      'LATCHKEY_STORE: must be embedded:FOLDER, redis://…, rediss://…, redis+cluster://… or redis+sentinel://…',
    )
  const role = word('LATCHKEY_ROLE', ROLES, 'all')
  if (role !== 'all' && store.startsWith('embedded:'))
    faults.push(
      `LATCHKEY_ROLE: "${role}" alone needs a redis store; an embedded one belongs to one process`,
    )

  const cert = get('LATCHKEY_TLS_CERT')
  const key = get('LATCHKEY_TLS_KEY')
  const ca = get('LATCHKEY_TLS_CA')
  if ((cert === undefined) !== (key === undefined))
    faults.push('LATCHKEY_TLS_CERT, LATCHKEY_TLS_KEY: both are needed')
  if (ca !== undefined && cert === undefined)
    faults.push('LATCHKEY_TLS_CA: needs LATCHKEY_TLS_CERT')
  for (const [name, path] of Object.entries({
    LATCHKEY_TLS_CERT: cert,
    LATCHKEY_TLS_KEY: key,
    LATCHKEY_TLS_CA: ca,
  }))
    if (path !== undefined && !existsSync(path)) faults.push(`${name}: there is no such file`)
  const hasTls = cert !== undefined && key !== undefined

  const adminEmail = get('LATCHKEY_ADMIN_EMAIL') ?? 'admin@localhost'
  if (!/^[^\s@]+@[^\s@]+$/.test(adminEmail))
    faults.push('LATCHKEY_ADMIN_EMAIL: must be an e-mail address')
  const adminPassword = get('LATCHKEY_ADMIN_PASSWORD')
  if (adminPassword !== undefined && (adminPassword.length < 8 || adminPassword.length > 128))
    faults.push('LATCHKEY_ADMIN_PASSWORD: must have 8 to 128 characters')

  const publicUrl = get('LATCHKEY_PUBLIC_URL')
  if (publicUrl !== undefined && !(URL.canParse(publicUrl) && /^https?:/.test(publicUrl)))
    faults.push('LATCHKEY_PUBLIC_URL: must be an http or https URL')
  const names = get('LATCHKEY_DIALECTS')
    ?.split(',')
    .map((name) => name.trim())
  const dialects = (names ?? DIALECTS).flatMap((name) => {
    const known = oneOf(DIALECTS, name)
    if (known === undefined && name !== '' && name !== 'none')
      faults.push(`LATCHKEY_DIALECTS: there is no "${name}"; there are ${DIALECTS.join(', ')}`)
    return known === undefined ? [] : [known]
  })

  const replicas = readReplicas(
    { count: get('LATCHKEY_REDIS_REPLICAS'), withinMs: get('LATCHKEY_REDIS_REPLICAS_MS') },
    faults,
  )
  if (replicas !== undefined && store.startsWith('embedded:'))
    faults.push('LATCHKEY_REDIS_REPLICAS: needs a redis store')
  const tracing = readTraceSettings(env, faults)

  const config: Config = {
    host,
    mqttPort: port('LATCHKEY_MQTT_PORT', hasTls ? 8883 : 1883),
    httpPort: port('LATCHKEY_HTTP_PORT', 8080),
    ...(hasTls ? { tls: ca === undefined ? { cert, key } : { cert, key, ca } } : {}),
    store,
    storeUnsafe: word('LATCHKEY_STORE_UNSAFE', ['0', '1'], '0') === '1',
    ...(replicas === undefined ? {} : { replicas }),
    role,
    adminEmail,
    ...(adminPassword === undefined ? {} : { adminPassword }),
    keyFile: get('LATCHKEY_KEY_FILE') ?? './data/instance.key',
    ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/+$/, '') }),
    dialects,
    publicMetrics: word('LATCHKEY_METRICS', ['local', 'public'], 'local') === 'public',
    origins: originsOf('LATCHKEY_ORIGINS', get('LATCHKEY_ORIGINS'), faults),
    frameOrigins: originsOf('LATCHKEY_FRAME_ORIGINS', get('LATCHKEY_FRAME_ORIGINS'), faults),
    isProxy: proxiesOf(get('LATCHKEY_TRUST_PROXY'), faults),
    limits: limitsOf(get('LATCHKEY_LIMITS'), faults),
    mail: readMailSettings(
      {
        mail: get('LATCHKEY_MAIL'),
        sms: get('LATCHKEY_SMS'),
        from: get('LATCHKEY_MAIL_FROM'),
        perHour: get('LATCHKEY_MESSAGES_PER_HOUR'),
      },
      faults,
    ),
    mayReach: networksOf(get('LATCHKEY_WEBHOOK_NETWORKS'), faults),
    auditKeep: auditKeepOf(get('LATCHKEY_AUDIT_KEEP'), faults),
    auditAddresses: word('LATCHKEY_AUDIT_ADDRESSES', ADDRESSES, 'network'),
    logLevel: word('LATCHKEY_LOG_LEVEL', LEVELS, 'info'),
    ...(tracing === undefined ? {} : { tracing }),
  }
  return faults.length === 0 ? config : { faults }
}
