import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Static, Type } from 'typebox'
import { checker } from '../shared/check.ts'

const strict = { additionalProperties: false } as const
const Id = Type.String({ minLength: 1, maxLength: 256 })
/** Nanoseconds of the one monotonic clock of a campaign, from its start. */
const Ns = Type.Number({ minimum: 0 })
const Epoch = Type.Integer({ minimum: 0 })
const Nullable = Type.Union([Id, Type.Null()])

/**
 * What a client was answered. `ok`: done; with `again`, nothing was done now because it had been before. `unknown`:
 * no answer, or one that leaves it open (5xx): it may take effect at any time after the call, or never.
 */
const Result = Type.Union([
  Type.Object({ kind: Type.Literal('ok'), again: Type.Optional(Type.Literal(true)) }, strict),
  Type.Object({ kind: Type.Literal('refused'), reason: Id }, strict),
  Type.Object({ kind: Type.Literal('unknown'), why: Type.Optional(Id) }, strict),
])

const called = { process: Id, called: Ns, returned: Ns, result: Result }

/** An account asks for a device; `half` names the secret, code, link or token it brings, never the thing itself. */
const Claim = Type.Object(
  {
    ...called,
    op: Type.Literal('claim'),
    device: Id,
    by: Id,
    half: Type.Optional(Id),
    epoch: Type.Optional(Epoch),
  },
  strict,
)

/** A device is given up: by its owner, or with `maker` by whoever may do so for any owner. */
const Release = Type.Object(
  {
    ...called,
    op: Type.Literal('release'),
    device: Id,
    by: Id,
    maker: Type.Optional(Type.Literal(true)),
  },
  strict,
)

/** Somebody asks whose it is. `owner` counts when the result is `ok`; `null` is nobody. */
const Read = Type.Object(
  { ...called, op: Type.Literal('read'), device: Id, by: Id, owner: Type.Optional(Nullable) },
  strict,
)

/** A half is left for a device. A newer one of the same `proof` replaces the older. */
const Offer = Type.Object(
  { ...called, op: Type.Literal('offer'), device: Id, half: Id, proof: Id, durationMs: Ns },
  strict,
)

/** An account ends a session. */
const Logout = Type.Object({ ...called, op: Type.Literal('logout'), by: Id, session: Id }, strict)

/** A session is used, for anything. */
const Use = Type.Object({ ...called, op: Type.Literal('use'), by: Id, session: Id }, strict)

/** One try of something that was tried more than once. `isWrite`: it needs room in the store. */
const Try = Type.Object(
  { ...called, op: Type.Literal('try'), what: Id, isWrite: Type.Optional(Type.Literal(true)) },
  strict,
)

/** Whose a device is on one node, after everything has healed. */
const Final = Type.Object(
  {
    op: Type.Literal('final'),
    node: Id,
    device: Id,
    owner: Nullable,
    epoch: Type.Optional(Epoch),
  },
  strict,
)

/**
 * Somebody who is told of ownership: a `feed` of every change of all devices, or the `state` of one device, whose
 * last word counts.
 */
const Listener = Type.Object(
  {
    op: Type.Literal('listener'),
    process: Id,
    hears: Type.Union([Type.Literal('feed'), Type.Literal('state')]),
    device: Type.Optional(Id),
  },
  strict,
)

/** A listener was told whose a device is in an epoch. `id`: of what it was told. `at`: when it arrived. */
const Notice = Type.Object(
  {
    op: Type.Literal('notice'),
    process: Id,
    device: Id,
    id: Id,
    epoch: Epoch,
    owner: Type.Optional(Nullable),
    at: Ns,
  },
  strict,
)

/**
 * A fault, from its beginning to its end. `isOutage`: no store can be reached from any node in all that time;
 * `isFull`: it can be read and not written.
 */
const Trouble = Type.Object(
  {
    op: Type.Literal('fault'),
    fault: Id,
    what: Id,
    from: Ns,
    to: Ns,
    isOutage: Type.Optional(Type.Literal(true)),
    isFull: Type.Optional(Type.Literal(true)),
  },
  strict,
)

/** Something that must never be, and that whoever made the history saw himself. */
const Sighting = Type.Object(
  { op: Type.Literal('sighting'), invariant: Id, what: Type.String({ maxLength: 4096 }), at: Ns },
  strict,
)

const Line = Type.Union([
  Claim,
  Release,
  Read,
  Offer,
  Logout,
  Use,
  Try,
  Final,
  Listener,
  Notice,
  Trouble,
  Sighting,
])

export type Result = Static<typeof Result>
/** What is done to the one register that a device is, or read of it: what linearizability is about. */
export type Operation = Static<typeof Claim> | Static<typeof Release> | Static<typeof Read>
export type Offer = Static<typeof Offer>
export type Final = Static<typeof Final>
export type Logout = Static<typeof Logout>
export type Use = Static<typeof Use>
export type Try = Static<typeof Try>
export type Sighting = Static<typeof Sighting>
export type Listener = Static<typeof Listener>
export type Notice = Static<typeof Notice>
export type Trouble = Static<typeof Trouble>
/** One line of a history: everything that clients saw, and what was done to the system meanwhile. */
export type Line = Static<typeof Line>

const isLine = checker(Line)

/** The lines of one kind. */
export const linesOf = <O extends Line['op']>(
  history: readonly Line[],
  op: O,
): readonly Extract<Line, { op: O }>[] =>
  history.filter((line): line is Extract<Line, { op: O }> => line.op === op)

/** Items by a name of theirs, each in the order it had. */
export const grouped = <T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const name = nameOf(item)
    const present = groups.get(name)
    if (present === undefined) groups.set(name, [item])
    else present.push(item)
  }
  return groups
}

/** The register's operations of each device. */
export const operationsByDevice = (history: readonly Line[]): Map<string, Operation[]> => {
  const operations = history.filter(
    (line): line is Operation => line.op === 'claim' || line.op === 'release' || line.op === 'read',
  )
  return grouped(operations, ({ device }) => device)
}

/** A file of more lines than this is no history of ours. */
const MOST_LINES = 2_000_000

/** Reads a history from JSON lines. A text: what is wrong with the file. */
export const readHistory = async (path: string): Promise<readonly Line[] | string> => {
  const history: Line[] = []
  let number = 0
  for await (const text of createInterface({
    input: createReadStream(path),
    crlfDelay: Infinity,
  })) {
    number++
    if (text === '') continue
    if (number > MOST_LINES) return `it has more than ${MOST_LINES} lines`
    const line = parsed(text)
    if (line === undefined) return `line ${number} is no line of a history`
    history.push(line)
  }
  return history
}

const parsed = (text: string): Line | undefined => {
  try {
    const checked = isLine(JSON.parse(text))
    return checked.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}

/** Writes a history as JSON lines; resolves when it lies in the file. */
export const writeHistory = (path: string, history: readonly Line[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const file = createWriteStream(path)
    file.once('error', reject).once('finish', () => resolve())
    for (const line of history) file.write(`${JSON.stringify(line)}\n`)
    file.end()
  })
