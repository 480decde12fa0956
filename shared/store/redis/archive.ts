import { Cluster, type Redis } from 'ioredis'
import { RecordUnreadable } from '../../errors.ts'
import { GRACE_MS } from '../bounds.ts'
import type { ArchiveOptions, Kept, Reader, Writer } from '../kept.ts'
import { parsePlace } from '../place.ts'
import type { Key } from '../port.ts'
import { createStamps } from '../stamp.ts'
import { parseAddress } from './address.ts'
import { commitChange } from './commit.ts'
import { type Client, connect } from './connect.ts'
import { answered } from './failure.ts'
import { createLayout, type Layout, PREFIX, parseEntry, parseItem } from './layout.ts'
import { runScript, script } from './script.ts'

const SCANNED = 500
const PAGE = 500
/** Longer than any export; it ends with the connection's own word. */
const HOLD_MS = 3_600_000
/** Left by looks at whether the store is fit. */
const PROBE = '{~probe'

/**
 * A value with its end, of one moment.
 *
 * KEYS  1 the entry
 * Reply the value ('' where it is of another type), when it is over (epoch ms; below 0: never)
 */
const ENTRY = `
local kind = redis.call('TYPE', KEYS[1]).ok
local value = kind == 'string' and redis.call('GET', KEYS[1]) or kind ~= 'none' and ''
return { value, redis.call('PEXPIRETIME', KEYS[1]) }`

const ending = (forget: number, grace: number) =>
  forget < 0 ? {} : { expiresAt: Math.max(1, forget - grace) }

const mastersOf = (client: Client): Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client]

type Ask = { readonly redis: Redis; readonly layout: Layout }

const entryOf = async ({ redis, layout }: Ask, key: Key): Promise<readonly Kept[]> => {
  const reply = await answered(redis.call('EVAL_RO', ENTRY, 1, layout.entry(key)))
  const [text, forget] = reply as [string | null, number]
  if (text === null) return []
  return [{ kind: 'entry', key, value: valueIn(text), ...ending(forget, GRACE_MS) }]
}

/** What we have not written comes as it is: the doctor names it. */
const valueIn = (text: string): string => {
  try {
    return parseEntry(text)?.value ?? ''
  } catch (cause) {
    if (cause instanceof RecordUnreadable) return text
    throw cause
  }
}

async function* membersOf({ redis, layout }: Ask, index: Key): AsyncGenerator<readonly Kept[]> {
  let from = '-'
  for (;;) {
    const page = await answered(redis.zrangebylex(layout.index(index), from, '+', 'LIMIT', 0, PAGE))
    yield page.map((member) => ({ kind: 'member', index, member }))
    if (page.length < PAGE) return
    from = `(${page.at(-1)}`
  }
}

async function* itemsOf({ redis, layout }: Ask, log: Key): AsyncGenerator<readonly Kept[]> {
  const expiry = await answered(redis.call('PEXPIRETIME', layout.log(log)))
  yield [{ kind: 'log', log, ...ending(Number(expiry), 0) }]
  let from = '-'
  for (;;) {
    const page = await answered(redis.xrange(layout.log(log), from, '+', 'COUNT', PAGE))
    yield page.map((one) => ({ kind: 'item', log, ...parseItem(one) }))
    if (page.length < PAGE) return
    from = `(${page.at(-1)?.[0]}`
  }
}

/** Everything on one server, in the order in which it comes. What is there all the time comes at least once. */
async function* keptOn(redis: Redis, prefix: string): AsyncGenerator<readonly Kept[]> {
  const ask: Ask = { redis, layout: createLayout(prefix) }
  let cursor = '0'
  do {
    const [next, names] = await answered(
      redis.scan(cursor, 'MATCH', `${prefix}[eil]:*`, 'COUNT', SCANNED),
    )
    cursor = next
    const keys = { e: [] as Key[], i: [] as Key[], l: [] as Key[] }
    for (const name of names) {
      const key = name.slice(prefix.length + 2) as Key
      const kind = name[prefix.length] as keyof typeof keys
      if (!key.startsWith(PROBE)) keys[kind].push(key)
    }
    yield (await Promise.all(keys.e.map((key) => entryOf(ask, key)))).flat()
    for (const index of keys.i) yield* membersOf(ask, index)
    for (const log of keys.l) yield* itemsOf(ask, log)
  } while (cursor !== '0')
}

type RedisArchiveOptions = ArchiveOptions & { readonly prefix?: string }

/** Reads a Redis, while servers work on it; with `hold` their commits wait meanwhile, and it is a snapshot. */
export const openRedisReader = async (options: RedisArchiveOptions): Promise<Reader> => {
  const { url, log, hold = false, prefix = PREFIX } = options
  const connection = await connect(parseAddress(url), log)
  const masters = mastersOf(connection.commands)
  // Reads, and scripts that say that they only read, go on.
  if (hold)
    await Promise.all(masters.map((one) => answered(one.call('CLIENT', 'PAUSE', HOLD_MS, 'WRITE'))))
  let closing: Promise<void> | undefined
  const end = async (): Promise<void> => {
    try {
      if (hold) await Promise.all(masters.map((one) => answered(one.call('CLIENT', 'UNPAUSE'))))
    } finally {
      connection.end()
    }
  }
  return {
    isSnapshot: hold,
    about: async () => {
      const sizes = await Promise.all(masters.map((one) => answered(one.dbsize())))
      return sizes.reduce((sum, size) => sum + size, 0)
    },
    async *all() {
      for (const redis of masters) yield* keptOn(redis, prefix)
    },
    close() {
      closing ??= end()
      return closing
    },
  }
}

/**
 * Items of a log at their places. What is not behind the newest one is there already.
 *
 * KEYS  1 the log
 * ARGV  1 when it is over (epoch ms) or ''; then for each item: its id, the item
 */
const ITEMS = script(`
for n = 2, #ARGV, 2 do
  local reply = redis.pcall('XADD', KEYS[1], ARGV[n], 'i', ARGV[n + 1])
  if type(reply) == 'table' and reply.err and not reply.err:find('equal or smaller') then return reply end
end
if ARGV[1] ~= '' then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end
return 1
`)

type WholeLog = Extract<Kept, { kind: 'log' }> & {
  readonly items: Extract<Kept, { kind: 'item' }>[]
}

const idOf = (place: string): string => {
  const parts = parsePlace(place)
  if (parts === undefined) throw new RangeError('a place of a log is not one')
  return `${parts.ms}-${parts.seq}`
}

/** Fills a Redis. Its logs must not have been written to by others. */
export const openRedisWriter = async (options: RedisArchiveOptions): Promise<Writer> => {
  const { url, log, prefix = PREFIX } = options
  const connection = await connect(parseAddress(url), log)
  const { commands } = connection
  const layout = createLayout(prefix)
  const stamp = createStamps()
  /** The log whose items come now: they may go on in the next piece. */
  let open: Extract<Kept, { kind: 'log' }> | undefined

  const writeItems = async ({ log: name, expiresAt, items }: WholeLog) => {
    const lines = items.flatMap(({ place, item }) => [idOf(place), item])
    const end = expiresAt === undefined ? '' : Math.ceil(expiresAt)
    if (lines.length > 0)
      await answered(runScript(commands, ITEMS, [layout.log(name)], [end, ...lines]))
  }

  return {
    async write(piece) {
      const logs: WholeLog[] = open === undefined ? [] : [{ ...open, items: [] }]
      const writes: Promise<unknown>[] = []
      for (const one of piece) {
        if (one.kind === 'log') {
          open = one
          logs.push({ ...one, items: [] })
        }
        if (one.kind === 'item') logs.at(-1)?.items.push(one)
        if (one.kind === 'entry' || one.kind === 'member') {
          const change = one.kind === 'entry' ? { put: [one] } : { add: [one] }
          writes.push(answered(commitChange(commands, layout, change, stamp())))
        }
      }
      await Promise.all([...writes, ...logs.map(writeItems)])
    },
    async close() {
      connection.end()
    },
  }
}
