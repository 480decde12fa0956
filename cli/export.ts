import { type Command, EXIT, EXIT_HELP, parse, WrongUsage } from './command.ts'
import { operated } from './operator.ts'
import { createProgress } from './progress.ts'
import { mustNotExist, writeSecretFile } from './secret-file.ts'

const HELP = `latchkey export --out FILE: writes everything that the store has into a file

For a backup, or to move to another store. Settings are those of the server (LATCHKEY_STORE, LATCHKEY_KEY_FILE);
the server may go on running. The key file is not in it: keep a copy of it elsewhere, for without it no device,
session or secret of the export is good.

  --out FILE   NDJSON with checksums (0600, never over another file). It has no secret that opens anything, but
               names and addresses of people
  --hold       Redis: keep all writes to it waiting meanwhile, so that everything is of one moment
               (claims are answered 503 then). An embedded store is always read as of one moment
  --json       the end as one line of JSON

${EXIT_HELP}
`

const OPTIONS = {
  out: { type: 'string' },
  hold: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

type Counts = Readonly<Record<string, number>>

const written = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

/** How a store is read. */
export type ExportAll = (options: { readonly hold: boolean }) => Promise<{
  readonly header: { readonly id: string; readonly isSnapshot: boolean }
  readonly isNoted: boolean
  readonly about: () => Promise<number>
  readonly lines: (done: (counts: Counts) => void) => AsyncIterable<string>
  readonly close: () => Promise<void>
}>

/** `latchkey export`. */
export const exportCommand = (exportAll: ExportAll): Command => ({
  help: HELP,
  async run(argv, io) {
    const { out, hold, json, words } = parse(argv, OPTIONS)
    if (out === undefined) throw new WrongUsage('--out is missing')
    if (words.length > 0) throw new WrongUsage('there is nothing else to name than --out FILE')
    mustNotExist('--out', out)
    const { header, isNoted, about, lines, close } = await operated(() => exportAll({ hold }))
    const progress = createProgress(io)
    let counts: Counts = {}
    try {
      const total = await operated(about)
      await operated(() =>
        writeSecretFile(
          '--out',
          out,
          lines((now) => {
            counts = now
            progress.at(Math.min(written(now), total), total)
          }),
        ),
      )
    } finally {
      progress.end()
      await close()
    }
    if (!isNoted)
      io.stderr.write('A server has the store, so the export is not written down in its audit.\n')
    const { id, isSnapshot } = header
    if (json) io.stdout.write(`${JSON.stringify({ id, snapshot: isSnapshot, ...counts })}\n`)
    else
      io.stdout.write(
        `${Object.entries(counts)
          .map(([kind, count]) => `${count} ${kind}`)
          .join(', ')}; ${isSnapshot ? 'all of one moment' : 'read while others wrote'}\n`,
      )
    return EXIT.done
  },
})
