import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { ACCOUNT_HELP, ACCOUNT_OPTIONS, signIn } from './account.ts'
import {
  type Command,
  EXIT,
  EXIT_HELP,
  oneFile,
  parse,
  Refused,
  Unreachable,
  WrongUsage,
} from './command.ts'
import type { Ask, Reply } from './http.ts'
import { createProgress } from './progress.ts'
import { mustNotExist, writeSecretFile } from './secret-file.ts'

const HELP = `latchkey devices import FILE: brings devices into a project

FILE has a row for each device: .csv with a header, or .ndjson with an object a line, of
  name, deviceClass, tag, label, gateway, claimingAllowed, ids.particle, claimCode, secret, expiresAt
A device that is not there is made; of one that is there, what the row names is written over. The same
file again changes nothing, so a run that was cut off is simply run again; within 24 hours it also gives
the same credentials again.

${ACCOUNT_HELP}
  --project P       another project than the account's own
  --box-keys        make a key for the box of every device that has none
  --out FILE        where credentials and box keys are written (NDJSON, 0600, never over another file)
  --errors FILE     where bad rows are written (NDJSON); else they are told on stderr
  --json            the end as one line of JSON

${EXIT_HELP}
`

const OPTIONS = {
  ...ACCOUNT_OPTIONS,
  project: { type: 'string' },
  'box-keys': { type: 'boolean' },
  out: { type: 'string' },
  errors: { type: 'string' },
  json: { type: 'boolean' },
} as const

const TYPES = new Map([
  ['.csv', 'text/csv'],
  ['.ndjson', 'application/x-ndjson'],
  ['.jsonl', 'application/x-ndjson'],
])

const POLL_MS = 250
/** An import that may not come in, because others wait, is tried again for so long. */
const PATIENCE_MS = 600_000

const typeOf = (file: string): string => {
  const type = TYPES.get(extname(file).toLowerCase())
  if (type === undefined) throw new WrongUsage(`FILE ends with ${[...TYPES.keys()].join(', ')}`)
  return type
}

const unreadable = (error: NodeJS.ErrnoException) =>
  new WrongUsage(`FILE cannot be read (${error.code})`)

/** What the same file for the same purpose is known by: its import is not begun a second time. */
const keyOf = async (file: string, path: string): Promise<string> => {
  const hash = createHash('sha256').update(`${path}\n`)
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  } catch (error) {
    throw unreadable(error as NodeJS.ErrnoException)
  }
  return `import-${hash.digest('base64url')}`
}

const said = ({ body, status }: Reply): string => {
  const { detail, title } = body
  return [detail, title].find((words) => typeof words === 'string') ?? `answer ${status}`
}

const isBusy = ({ status }: Reply) => status === 429 || status === 409

/** Sends the file, and again while others are before it. The place of the operation. */
const send = async (ask: Ask, file: string, path: string): Promise<string> => {
  const headers = { 'content-type': typeOf(file), 'idempotency-key': await keyOf(file, path) }
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const content = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>
    const reply = await ask.file(path, content, headers)
    if (reply.status === 202 && reply.location !== undefined) return reply.location
    if (!isBusy(reply) || Date.now() > until) throw new Refused(said(reply))
    await sleep(reply.retryAfterMs ?? 1000)
  }
}

type Operation = {
  readonly state: string
  readonly counts: Readonly<Record<string, number>>
  readonly bytes: number
  readonly bytesDone: number
  readonly errors: readonly RowErrors[]
  readonly next: string | undefined
}
type RowErrors = { line: number; errors: readonly { path: string; message: string }[] }

const COUNTS = ['rows', 'created', 'updated', 'unchanged', 'failed'] as const

const look = async (ask: Ask, place: string, after?: string): Promise<Operation> => {
  const query = after === undefined ? '' : `?after=${encodeURIComponent(after)}`
  const { status, body } = await ask.json('GET', place + query)
  if (status !== 200) throw new Unreachable(`the operation cannot be asked about (${status})`)
  return {
    state: String(body.state),
    counts: Object.fromEntries(COUNTS.map((name) => [name, Number(body[name])])),
    bytes: Number(body.bytes),
    bytesDone: Number(body.bytesDone),
    errors: body.errors as RowErrors[],
    next: typeof body.next === 'string' ? body.next : undefined,
  }
}

async function* errorsOf(ask: Ask, place: string, first: Operation): AsyncGenerator<RowErrors> {
  let page = first
  for (;;) {
    yield* page.errors
    if (page.next === undefined) return
    page = await look(ask, place, page.next)
  }
}

const proseOf = ({ line, errors }: RowErrors): string =>
  `line ${line}: ${errors.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}\n`

async function* mapped<T>(items: AsyncIterable<T>, spell: (item: T) => string) {
  for await (const item of items) yield spell(item)
}

/** `latchkey devices import`. */
export const devicesImport: Command = {
  help: HELP,
  async run(argv, io) {
    const given = parse(argv, OPTIONS)
    const file = oneFile(given.words)
    typeOf(file)
    await stat(file).catch((error: NodeJS.ErrnoException) => {
      throw unreadable(error)
    })
    mustNotExist('--out', given.out)
    mustNotExist('--errors', given.errors)
    const query = new URLSearchParams({
      ...(given.project === undefined ? {} : { project: given.project }),
      ...(given['box-keys'] ? { boxKeys: 'generate' } : {}),
    })
    const ask = await signIn(given, io)
    const place = await send(ask, file, `/devices/import${query.size === 0 ? '' : `?${query}`}`)
    const progress = createProgress(io)
    let operation = await look(ask, place)
    try {
      while (operation.state !== 'done') {
        progress.at(operation.bytesDone, operation.bytes)
        await sleep(POLL_MS)
        operation = await look(ask, place)
      }
    } finally {
      progress.end()
    }
    const errors = errorsOf(ask, place, operation)
    if (given.errors !== undefined && operation.counts.failed !== 0)
      await writeSecretFile(
        '--errors',
        given.errors,
        mapped(errors, (one) => `${JSON.stringify(one)}\n`),
      )
    else for await (const one of errors) io.stderr.write(proseOf(one))
    if (given.out !== undefined)
      await writeSecretFile('--out', given.out, await ask.stream(`${place}/results`))
    else if (operation.counts.created !== 0)
      io.stderr.write(
        'Credentials were not written: the same again with --out FILE does, within 24 hours.\n',
      )
    const { counts } = operation
    io.stdout.write(
      given.json
        ? `${JSON.stringify({ operation: place.split('/').at(-1), ...counts })}\n`
        : `${COUNTS.map((name) => `${counts[name]} ${name}`).join(', ')}\n`,
    )
    return counts.failed === 0 ? EXIT.done : EXIT.refused
  },
}
