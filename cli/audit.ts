import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { follow, type Seen, startFault } from '../shared/audit/chain.ts'
import { type Command, EXIT, EXIT_HELP, oneFile, parse, Refused, WrongUsage } from './command.ts'

const HELP = `latchkey audit verify FILE: whether an audit is as it was written

FILE is what GET /latchkey/v1/audit?project=P answers. Every line says the hash of the line before; a line that was
changed, taken out or put in is found, and so is an end that is missing. Keep what this prints: an audit that is read
later has to have the same line at that place.

  --json   the end as one line of JSON

${EXIT_HELP}
`

const OPTIONS = { json: { type: 'boolean' } } as const

type End = { readonly head?: { readonly seq?: unknown; readonly hash?: unknown } }

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}

const unreadable = (error: unknown) =>
  new WrongUsage(`FILE cannot be read (${(error as NodeJS.ErrnoException).code})`)

/** The chain of a file. `Refused` where something is wrong with it. */
const verify = async (file: string): Promise<Seen> => {
  let seen: Seen | undefined
  let end: End['head']
  const input = createReadStream(file, 'utf8')
  for await (const line of createInterface({ input })) {
    const content = parsed(line)
    if (end !== undefined) throw new Refused('something is behind the end')
    end = (content as End | null | undefined)?.head
    if (end !== undefined) continue
    const next = follow(seen, content)
    if (typeof next === 'string') throw new Refused(next)
    seen = next
  }
  if (seen === undefined) throw new Refused('there is no line in it')
  if (end === undefined) throw new Refused(`it ends at line ${seen.seq} without its end`)
  if (end.seq !== seen.seq || end.hash !== seen.hash)
    throw new Refused(`its end is line ${String(end.seq)}, and that is not the last one`)
  const missing = startFault(seen)
  if (missing !== undefined) throw new Refused(missing)
  return seen
}

/** `latchkey audit verify`. */
export const auditVerify: Command = {
  help: HELP,
  async run(argv, io) {
    const { json, words } = parse(argv, OPTIONS)
    const seen = await verify(oneFile(words)).catch((error: unknown) => {
      throw error instanceof Refused || error instanceof WrongUsage ? error : unreadable(error)
    })
    const { project, first, seq: last, hash } = seen
    io.stdout.write(
      json
        ? `${JSON.stringify({ project, first, last, hash })}\n`
        : `lines ${first} to ${last} of ${project} are as they were written; the last is ${hash}\n`,
    )
    return EXIT.done
  },
}
