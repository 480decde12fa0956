import { parseArgs } from 'node:util'
import { WrongUsage } from '../failure.ts'
import { PLATFORM_NAMES, type PlatformName } from '../platforms/table.ts'

/** Where a command writes, and what ends it early. */
export type Io = {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** Aborted: stop in good order. Absent: SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal
}

/** What a command ends with; the same numbers for all, so that scripts can tell. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const

/** One of the numbers of `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command of the simulation: its help, and what it does with the arguments after its name. */
export type Command = {
  readonly help: string
  readonly run: (argv: readonly string[], io: Io & { signal: AbortSignal }) => Promise<ExitCode>
}

type Options = Readonly<
  Record<
    string,
    | { readonly type: 'string'; readonly default?: string }
    | { readonly type: 'boolean'; readonly default: boolean }
  >
>

/** What was given for such options: text where there is a default, else perhaps nothing. */
export type Given<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends { type: 'boolean' }
    ? boolean
    : O[Name] extends { default: string }
      ? string
      : string | undefined
}

// By its code, not its class: Node and a test's sandbox have each a TypeError of their own.
const isMistake = (error: unknown): error is Error & { code: string } =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  String(error.code).startsWith('ERR_PARSE_ARGS_')

/** Parses arguments. `WrongUsage` for unknown options and for stray words, which are never repeated: one may be a token. */
export const parse = <O extends Options>(argv: readonly string[], options: O): Given<O> => {
  try {
    const given = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false })
    // Strict parsing makes it so; Node's own type for it cannot be named in a declaration file.
    const values: unknown = given.values
    return values as Given<O>
  } catch (error) {
    if (!isMistake(error)) throw error
    const stray = error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL'
    throw new WrongUsage(stray ? 'a word that belongs to no option' : error.message)
  }
}

/** A whole number of at least `least`; `WrongUsage` for anything else. Undefined stays undefined. */
export const wholeNumber = (
  option: string,
  value: string | undefined,
  least = 0,
): number | undefined => {
  if (value === undefined) return undefined
  const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (!(parsed >= least)) throw new WrongUsage(`--${option} needs a whole number from ${least}`)
  return parsed
}

/** The value of an option that must be there. */
export const required = (option: string, value: string | undefined): string => {
  if (value === undefined || value === '') throw new WrongUsage(`--${option} is missing`)
  return value
}

/** The address of a server, with one of these schemes; `WrongUsage` for anything else. */
export const address = (option: string, value: string, schemes: readonly string[]): string => {
  const scheme = URL.canParse(value) ? new URL(value).protocol.slice(0, -1) : ''
  if (schemes.includes(scheme)) return value
  throw new WrongUsage(`--${option} is an address that begins with ${schemes.join('://, ')}://`)
}

/** The schemes of a broker's address. */
export const MQTT = ['mqtt', 'mqtts', 'ws', 'wss'] as const
/** The schemes of a gateway's address. */
export const HTTP = ['http', 'https'] as const

/** A platform of the table; `WrongUsage` for another word. */
export const platformName = (value: string | undefined): PlatformName => {
  const name = PLATFORM_NAMES.find((known) => known === (value ?? 'latchkey'))
  if (!name) throw new WrongUsage(`--platform is one of ${PLATFORM_NAMES.join(', ')}`)
  return name
}

/** The MQTT version: 4 is 3.1.1. */
export const protocolVersion = (value: string | undefined): 4 | 5 => {
  if (value === undefined || value === '4') return 4
  if (value === '5') return 5
  throw new WrongUsage('--protocol is 4 (MQTT 3.1.1) or 5')
}

/** The last lines of every help text. */
export const EXIT_HELP = `Exit codes: 0 done, 1 refused by the server, 2 wrong usage, 3 could not connect or timed out.
Tokens and passwords are never printed.`
