import { type Command, EXIT, type ExitCode, parse, WrongUsage } from './command.ts'
import { createProgress } from './progress.ts'

const HELP = `latchkey doctor: whether everything that a server needs is in order

Looks at the settings, the key file, where mail goes, the store and its clock, the chains of the audit, and at
records and indexes. Settings are those of the server, which may go on running. Changes nothing.

  --all    every record and index, not the first 20000
  --json   an object a line

Exit codes: 0 all in order, 1 something should be seen to, 2 something does not work (or wrong usage).
`

const OPTIONS = { all: { type: 'boolean' }, json: { type: 'boolean' } } as const

type Finding = {
  readonly name: string
  readonly state: 'good' | 'warning' | 'fault'
  readonly says: string
  readonly todo?: string
}

/** How everything is looked at. */
export type Examine = (options: {
  readonly all: boolean
  readonly progress: (looked: number, about: number) => void
}) => AsyncIterable<Finding>

const MARKS = { good: 'ok  ', warning: '?   ', fault: '!!  ' } as const
const WORST: Readonly<Record<Finding['state'], ExitCode>> = {
  good: EXIT.done,
  warning: EXIT.refused,
  fault: EXIT.usage,
}

const lineOf = ({ name, state, says, todo }: Finding): string =>
  `${MARKS[state]}${name.padEnd(9)} ${says}${todo === undefined ? '' : ` -> ${todo}`}\n`

/** `latchkey doctor`. */
export const doctorCommand = (examine: Examine): Command => ({
  help: HELP,
  async run(argv, io) {
    const { all, json, words } = parse(argv, OPTIONS)
    if (words.length > 0) throw new WrongUsage('there is nothing to name')
    const progress = createProgress(io)
    let code: ExitCode = EXIT.done
    try {
      for await (const finding of examine({ all, progress: progress.at })) {
        progress.end()
        io.stdout.write(json ? `${JSON.stringify(finding)}\n` : lineOf(finding))
        if (WORST[finding.state] > code) code = WORST[finding.state]
      }
    } finally {
      progress.end()
    }
    return code
  },
})
