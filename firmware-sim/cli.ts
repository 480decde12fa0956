import { setMaxListeners } from 'node:events'
import { pathToFileURL } from 'node:url'
import { app } from './commands/app.ts'
import { type Command, EXIT, EXIT_HELP, type Io } from './commands/command.ts'
import { device } from './commands/device.ts'
import { gateway } from './commands/gateway.ts'
import { Refused, Unreachable, WrongUsage } from './failure.ts'

const COMMANDS = new Map<string | undefined, Command>([
  ['device', device],
  ['gateway', gateway],
  ['app', app],
])

const HELP = `latchkey sim: simulated devices, gateways and apps

  latchkey sim device     devices that open their claim window over MQTT
  latchkey sim gateway    a gateway that does it for its children
  latchkey sim app        an app that claims, releases, lists and explains over HTTP

Each has --help. ${EXIT_HELP}
`

const asksForHelp = (argv: readonly string[]): boolean =>
  argv.includes('--help') || argv.includes('-h')

const codeOf = (error: unknown): number => {
  if (error instanceof WrongUsage) return EXIT.usage
  if (error instanceof Refused) return EXIT.refused
  if (error instanceof Unreachable) return EXIT.unreachable
  throw error
}

const run = async (command: Command, argv: readonly string[], io: Io): Promise<number> => {
  const stop = new AbortController()
  const abort = () => stop.abort()
  process.once('SIGINT', abort).once('SIGTERM', abort)
  try {
    const signal = io.signal ? AbortSignal.any([stop.signal, io.signal]) : stop.signal
    // Every device of a fleet listens to it.
    setMaxListeners(0, signal)
    return await command.run(argv, { ...io, signal })
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort)
  }
}

/**
 * Runs `latchkey sim …` and gives its exit code: 0 done, 1 refused by the server, 2 wrong usage, 3 could not connect
 * or timed out. `argv` is what follows `sim`. Never prints a token or a password, never ends the process.
 */
export const simulate = async (argv: readonly string[], io: Io): Promise<number> => {
  const [name, ...rest] = argv
  const command = COMMANDS.get(name)
  if (asksForHelp(argv)) {
    io.stdout.write(command?.help ?? HELP)
    return EXIT.done
  }
  if (!command) {
    io.stderr.write(HELP)
    return EXIT.usage
  }
  try {
    return await run(command, rest, io)
  } catch (error) {
    const code = codeOf(error)
    const words = error instanceof Error ? error.message : ''
    const hint = code === EXIT.usage ? ` (see latchkey sim ${name} --help)` : ''
    io.stderr.write(`latchkey sim ${name}: ${words}${hint}\n`)
    return code
  }
}

const script = process.argv[1]
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  process.exitCode = await simulate(process.argv.slice(2), process)
}
