import { parseArgs } from 'node:util'

/** Where a command reads and writes, and what of the environment it sees. */
export type Io = {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a command ends with; the same numbers for all, so that scripts can tell. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const

/** One of the numbers of `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command that a person runs: its help, and what it does with the arguments after its name. */
export type Command = {
  readonly help: string
  readonly run: (argv: readonly string[], io: Io) => Promise<ExitCode>
}

/** The last lines of every help text. */
export const EXIT_HELP =
  'Exit codes: 0 done, 1 something was refused, 2 wrong usage, 3 could not connect or timed out.'

/** The server, or a row of a file, was understood and refused. */
export class Refused extends Error {}
/** The server could not be reached, was out of order, or did not answer in time. */
export class Unreachable extends Error {}
/** The command line, or a file that it names, cannot be understood. Messages never repeat a secret. */
export class WrongUsage extends Error {}

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>

/** What was given for such options, and the words that belong to none. */
export type Given<O extends Options> = {
  readonly [Name in keyof O]: O[Name]['type'] extends 'boolean' ? boolean : string | undefined
} & { readonly words: readonly string[] }

// By its code, not its class: Node and a test's sandbox have each a TypeError of their own.
const isMistake = (error: unknown): error is Error =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  String(error.code).startsWith('ERR_PARSE_ARGS_')

/** Parses arguments. `WrongUsage` for unknown options and for options without their value. */
export const parse = <O extends Options>(argv: readonly string[], options: O): Given<O> => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      strict: true,
      allowPositionals: true,
    })
    const flags = Object.entries(options).flatMap(([name, { type }]) =>
      type === 'boolean' ? [[name, false]] : [],
    )
    // Strict parsing makes it so; Node's own type for it cannot be named.
    const given: unknown = { ...Object.fromEntries(flags), ...values, words: positionals }
    return given as Given<O>
  } catch (error) {
    if (!isMistake(error)) throw error
    throw new WrongUsage(error.message)
  }
}

/** The one file that a command is about. */
export const oneFile = (words: readonly string[]): string => {
  const [file, ...others] = words
  if (file === undefined) throw new WrongUsage('FILE is missing')
  if (others.length > 0) throw new WrongUsage('one FILE at a time')
  return file
}

const codeOf = (error: unknown): ExitCode => {
  if (error instanceof WrongUsage) return EXIT.usage
  if (error instanceof Refused) return EXIT.refused
  if (error instanceof Unreachable) return EXIT.unreachable
  throw error
}

/** Runs a command to its exit code. `name`: as a person types it. Never ends the process. */
export const runCommand = async (
  name: string,
  { help, run }: Command,
  argv: readonly string[],
  io: Io,
): Promise<ExitCode> => {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout.write(help)
    return EXIT.done
  }
  try {
    return await run(argv, io)
  } catch (error) {
    const code = codeOf(error)
    const hint = code === EXIT.usage ? ` (see ${name} --help)` : ''
    io.stderr.write(`${name}: ${(error as Error).message}${hint}\n`)
    return code
  }
}

/** Whether a person looks at a stream. Node's types know `isTTY` only on its own streams. */
export const isTerminal = (stream: NodeJS.WritableStream | NodeJS.ReadableStream): boolean =>
  'isTTY' in stream && stream.isTTY === true
