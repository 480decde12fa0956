#!/usr/bin/env node
import { simulate } from './firmware-sim/cli.ts'
import { serve } from './main.ts'

type Command = {
  readonly does: string
  readonly run: (argv: string[]) => Promise<number>
}

const SERVE_HELP = `latchkey serve

Starts the broker and the gateway. Settings come from the environment (LATCHKEY_…) and from
latchkey.config.json; README.md lists them. Ends with SIGTERM or Ctrl+C.
`

const wantsHelp = (argv: readonly string[]) => argv.includes('--help') || argv.includes('-h')

const COMMANDS = new Map<string, Command>([
  [
    'serve',
    {
      does: 'start the broker and the gateway',
      run: async (argv) => {
        if (!wantsHelp(argv)) return serve()
        process.stdout.write(SERVE_HELP)
        return 0
      },
    },
  ],
  [
    'sim',
    {
      does: 'simulated devices, gateways and apps',
      run: (argv) => simulate(argv, { stdout: process.stdout, stderr: process.stderr }),
    },
  ],
])

const help = () => {
  const rows = [...COMMANDS].map(([name, { does }]) => `  latchkey ${name.padEnd(8)} ${does}`)
  return `Whose device is this?\n\n${rows.join('\n')}\n\nEvery command has --help.\n`
}

const main = async ([name, ...argv]: string[]): Promise<number> => {
  const command = COMMANDS.get(name ?? '')
  if (command !== undefined) return command.run(argv)
  const isHelp = name === undefined || name === '--help' || name === '-h' || name === 'help'
  ;(isHelp ? process.stdout : process.stderr).write(help())
  return isHelp ? 0 : 2
}

process.exitCode = await main(process.argv.slice(2))
// The server has ended by itself here; a simulated device may have a socket left.
process.exit()
