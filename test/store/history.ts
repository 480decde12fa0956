import fc from 'fast-check'
import type { Change, Key, Store } from '../../shared/store/port.ts'

/** What may happen to a store. Versions and places are named by how they were seen: the nth look at a key or log. */
export type Step =
  | { readonly kind: 'commit'; readonly change: SketchedChange }
  | { readonly kind: 'read'; readonly keys: readonly string[] }
  | {
      readonly kind: 'list'
      readonly index: string
      readonly after: string | undefined
      readonly limit: number
    }
  | {
      readonly kind: 'tail'
      readonly log: string
      readonly seen: number | undefined
      readonly limit: number
    }
  | { readonly kind: 'last'; readonly log: string; readonly limit: number }
  | { readonly kind: 'count'; readonly budget: string; readonly by: number }

type SketchedChange = Omit<Change, 'expect'> & {
  readonly expect: readonly { readonly name: string; readonly seen: number | undefined }[]
}

const NAMES = ['a', 'b', '{}', 'ü\n']
const name = fc.constantFrom(...NAMES)
const key = name as fc.Arbitrary<Key>
const text = fc.oneof(name, fc.string({ unit: 'binary', maxLength: 12 }))
const limit = fc.integer({ min: 0, max: 5 })
const seen = fc.option(fc.nat(20), { nil: undefined })
const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 })
const far = fc.option(fc.constant(4_000_000_000_000), { nil: undefined })

const put = fc
  .record({ key, value: text, expiresAt: far })
  .map(({ expiresAt, ...rest }) => (expiresAt === undefined ? rest : { ...rest, expiresAt }))
const member = fc.record({ index: key, member: text })
const item = fc
  .record({ log: key, item: text, keep: fc.constant(1000), ttlMs: far })
  .map(({ ttlMs, ...rest }) => (ttlMs === undefined ? rest : { ...rest, ttlMs }))

/** Any step; few names, so that steps meet. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      change: fc.record({
        expect: few(fc.record({ name, seen })),
        put: few(put),
        remove: few(key),
        add: few(member),
        drop: few(member),
        append: few(item),
      }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), keys: few(name) }) },
  fc.record({
    kind: fc.constant('list' as const),
    index: name,
    after: fc.option(text, { nil: undefined }),
    limit,
  }),
  fc.record({ kind: fc.constant('tail' as const), log: name, seen, limit }),
  fc.record({ kind: fc.constant('last' as const), log: name, limit }),
  fc.record({
    kind: fc.constant('count' as const),
    budget: name,
    by: fc.integer({ min: 0, max: 3 }),
  }),
)

/** Plays steps on a store under a tag of its own; the answers, with versions and places as numbers by first sight. */
export const play = async (
  store: Store,
  tag: string,
  steps: readonly Step[],
): Promise<unknown[]> => {
  const of = (text: string): Key => `{${tag}}${text}` as Key
  const versions = createSightings()
  const places = createSightings()
  const answers: unknown[] = []
  for (const step of steps) answers.push(await playOne(store, of, step, versions, places))
  return answers
}

/** Texts that differ from store to store, numbered for each name by when they were first seen. */
const createSightings = () => {
  const byName = new Map<string, string[]>()
  return {
    note(name: string, text: string): number {
      const list = byName.get(name) ?? []
      byName.set(name, list.includes(text) ? list : [...list, text])
      return list.includes(text) ? list.indexOf(text) : list.length
    },
    nth(name: string, n: number | undefined): string | undefined {
      const list = byName.get(name) ?? []
      return n === undefined || list.length === 0 ? undefined : list[n % list.length]
    },
  }
}
type Sightings = ReturnType<typeof createSightings>

const playOne = async (
  store: Store,
  of: (text: string) => Key,
  step: Step,
  versions: Sightings,
  places: Sightings,
): Promise<unknown> => {
  switch (step.kind) {
    case 'commit': {
      const { expect, put = [], remove = [], add = [], drop = [], append = [] } = step.change
      return store.commit({
        expect: expect.map(({ name, seen }) => ({
          key: of(name),
          version: versions.nth(name, seen),
        })),
        put: put.map((one) => ({ ...one, key: of(one.key) })),
        remove: remove.map(of),
        add: add.map((one) => ({ ...one, index: of(one.index) })),
        drop: drop.map((one) => ({ ...one, index: of(one.index) })),
        append: append.map((one) => ({ ...one, log: of(one.log) })),
      })
    }
    case 'read': {
      const entries = await store.read(step.keys.map(of))
      return entries.map(
        (entry, n) => entry && [entry.value, versions.note(step.keys[n] ?? '', entry.version)],
      )
    }
    case 'list': {
      const { after, limit } = step
      return store.list(of(step.index), after === undefined ? { limit } : { after, limit })
    }
    case 'tail': {
      const items = await store.tail(of(step.log), places.nth(step.log, step.seen), step.limit)
      return items.map(({ place, item }) => [item, places.note(step.log, place)])
    }
    case 'last': {
      const items = await store.last(of(step.log), step.limit)
      return items.map(({ place, item }) => [item, places.note(step.log, place)])
    }
    case 'count':
      return (await store.count(of(step.budget), 3_600_000, step.by)).count
  }
}
