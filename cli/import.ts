import { stat } from 'node:fs/promises'
import { type Command, EXIT, EXIT_HELP, oneFile, parse, WrongUsage } from './command.ts'
import { operated } from './operator.ts'
import { createProgress } from './progress.ts'

const HELP = `latchkey import FILE: moves an export into an empty store

Settings are those of the server (LATCHKEY_STORE, LATCHKEY_KEY_FILE), which must not run yet. The key file is the one
of the server that the export is of. The file is checked whole before anything is written; one that was cut off
half-way is moved in by the same command again, and until then no server starts on that store.

  --json       the end as one line of JSON

${EXIT_HELP}
`

const OPTIONS = { json: { type: 'boolean' } } as const

/** How a store is filled. */
export type ImportAll = (
  path: string,
  progress: (bytes: number) => void,
) => Promise<{
  readonly header: { readonly id: string }
  readonly counts: Readonly<Record<string, number>>
}>

/** `latchkey import`. */
export const importCommand = (importAll: ImportAll): Command => ({
  help: HELP,
  async run(argv, io) {
    const { json, words } = parse(argv, OPTIONS)
    const file = oneFile(words)
    const { size } = await stat(file).catch((error: NodeJS.ErrnoException) => {
      throw new WrongUsage(`FILE cannot be read (${error.code})`)
    })
    const progress = createProgress(io)
    // Read once to check it, and once to write it.
    let last = 0
    let before = 0
    const seen = (bytes: number): void => {
      if (bytes < last) before = last
      last = bytes
      progress.at(Math.min(2 * size, before + bytes), 2 * size)
    }
    try {
      const { header, counts } = await operated(() => importAll(file, seen))
      io.stdout.write(
        json
          ? `${JSON.stringify({ id: header.id, ...counts })}\n`
          : `${Object.entries(counts)
              .map(([kind, count]) => `${count} ${kind}`)
              .join(', ')}\n`,
      )
    } finally {
      progress.end()
    }
    return EXIT.done
  },
})
