#!/usr/bin/env node
import { auditVerify } from './cli/audit.ts'
import { runCommand } from './cli/command.ts'
import { devicesImport } from './cli/devices-import.ts'
import { doctorCommand } from './cli/doctor.ts'
import { exportCommand } from './cli/export.ts'
import { importCommand } from './cli/import.ts'
import { labels } from './cli/labels/command.ts'
import { why } from './cli/why.ts'

type Command = {
  readonly does: string
  readonly run: (argv: string[]) => Promise<number>
}

const SERVE_HELP = `latchkey serve

Starts the broker and the gateway. Settings come from the environment (LATCHKEY_…) and from
latchkey.config.json; README.md lists them. Ends with SIGTERM or Ctrl+C.

Exit codes: 0 ended in good order, 1 could not start, 2 a wrong setting, or wrong usage.
`

const wantsHelp = (argv: readonly string[]) => argv.includes('--help') || argv.includes('-h')

const DEVICES_HELP = `latchkey devices import FILE

Brings devices into a project. See latchkey devices import --help.
`

const devices = async ([name, ...argv]: string[]): Promise<number> => {
  if (name === 'import') return runCommand('latchkey devices import', devicesImport, argv, process)
  const isHelp = wantsHelp([name ?? ''])
  ;(isHelp ? process.stdout : process.stderr).write(DEVICES_HELP)
  return isHelp ? 0 : 2
}

const AUDIT_HELP = `latchkey audit verify FILE

Follows the chain of an audit that was read from a server. See latchkey audit verify --help.
`

const audit = async ([name, ...argv]: string[]): Promise<number> => {
  if (name === 'verify') return runCommand('latchkey audit verify', auditVerify, argv, process)
  const isHelp = wantsHelp([name ?? ''])
  ;(isHelp ? process.stdout : process.stderr).write(AUDIT_HELP)
  return isHelp ? 0 : 2
}

const here = { env: process.env, folder: process.cwd() }

// What a server is made of takes most of a second to load: only who needs it waits for it.
const operator = () => import('./shared/operator/index.ts')

const COMMANDS = new Map<string, Command>([
  [
    'serve',
    {
      does: 'start the broker and the gateway',
      run: async (argv) => {
        if (argv.length === 0) return (await import('./main.ts')).serve()
        const isHelp = wantsHelp(argv)
        ;(isHelp ? process.stdout : process.stderr).write(SERVE_HELP)
        return isHelp ? 0 : 2
      },
    },
  ],
  ['devices', { does: 'bring devices into a project from a file', run: devices }],
  [
    'labels',
    {
      does: 'QR codes to print for the box of each device',
      run: (argv) => runCommand('latchkey labels', labels, argv, process),
    },
  ],
  [
    'why',
    {
      does: 'what happened to a device, and why not something else',
      run: (argv) => runCommand('latchkey why', why, argv, process),
    },
  ],
  [
    'doctor',
    {
      does: 'whether settings, store and audit are in order',
      run: (argv) => {
        const command = doctorCommand(async function* (options) {
          const { examine } = await import('./shared/doctor/index.ts')
          yield* examine({ ...here, ...options })
        })
        return runCommand('latchkey doctor', command, argv, process)
      },
    },
  ],
  ['audit', { does: 'verify an audit that was read from a server', run: audit }],
  [
    'export',
    {
      does: 'write everything that the store has into a file',
      run: (argv) => {
        const command = exportCommand(async (options) =>
          (await operator()).exportAll(here, options),
        )
        return runCommand('latchkey export', command, argv, process)
      },
    },
  ],
  [
    'import',
    {
      does: 'move an export into an empty store',
      run: (argv) => {
        const command = importCommand(async (path, progress) =>
          (await operator()).importAll(here, path, progress),
        )
        return runCommand('latchkey import', command, argv, process)
      },
    },
  ],
  [
    'sim',
    {
      does: 'simulated devices, gateways and apps',
      run: async (argv) => {
        const { simulate } = await import('./firmware-sim/cli.ts')
        return simulate(argv, { stdout: process.stdout, stderr: process.stderr })
      },
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
