import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { keys } from '../../shared/store/keys.ts'
import { createLayout } from '../../shared/store/redis/layout.ts'

/** How many keys are made: `KEYS=1000000` for the long form. */
const MANY = Number(process.env.KEYS ?? 60_000)

/** Where people and devices choose the text. Everything else is an id, a digest or a number of ours. */
const FREE: Readonly<Record<string, number>> = {
  projectName: 0,
  email: 0,
  userEmail: 1,
  userPhone: 1,
  homeTitle: 1,
  deviceName: 1,
  keyValue: 2,
  values: 3,
  ending: 1,
  budget: 1,
  connected: 1,
}

/** Everything that separates something somewhere, and words of ours. */
const text = fc
  .array(
    fc.constantFrom(
      ...[':', '{', '}', '~', '\n', '\t', '\u0000', ' ', '*', '?', '/', '-', 'a', 'b', '1'],
      ...['device', 'device-name', 'device-names', 'project', 'kv', 'member', 'é', 'e\u0301'],
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))
const anything = fc.oneof(text, fc.string({ unit: 'binary', maxLength: 20 }))
/** Few of each, so that calls meet. */
const id = fc.constantFrom(
  '00000000-0000-4000-8000-000000000000',
  '00000000-0000-4000-8000-000000000001',
  '10000000-0000-4000-8000-000000000000',
)

type Make = (...args: unknown[]) => string
const NAMES = Object.keys(keys) as (keyof typeof keys)[]

const call = fc.constantFrom(...NAMES).chain((name) => {
  const { length } = keys[name]
  const args = Array.from({ length }, (_, place) => (FREE[name] === place ? anything : id))
  return fc.tuple(fc.constant(name), fc.tuple(...args))
})

// research/security.md S119.
test('two different things never lie under one key', () => {
  const seen = new Map<string, string>()
  const check = fc.property(call, ([name, args]) => {
    const key = (keys[name] as Make)(...args)
    const asked = JSON.stringify([name, ...args])
    const before = seen.get(key)
    seen.set(key, asked)
    return before === undefined || before === asked
  })
  fc.assert(check, { numRuns: MANY })
  expect(seen.size).toBeGreaterThan(MANY / 20)
})

test('every key of a project has its tag, and nothing that somebody chooses can change that', () => {
  const tagOf = (key: string) => /\{([^}]*)\}/.exec(key)?.[1]
  const check = fc.property(call, ([name, args]) => {
    const key = (keys[name] as Make)(...args)
    const isOfProject = !key.startsWith('{~')
    return isOfProject ? tagOf(key) === args[0] : tagOf(key)?.startsWith('~') === true
  })
  fc.assert(check, { numRuns: 5000 })
})

test('an entry, an index, a log, a counter and a channel of one name are five things', () => {
  const layout = createLayout('latchkey:')
  const makers = Object.values(layout) as ((key: string) => string)[]
  const check = fc.property(anything, anything, (one, other) => {
    const spelled = makers.flatMap((make) => [make(one), make(other)])
    return new Set(spelled).size === (one === other ? makers.length : 2 * makers.length)
  })
  fc.assert(check, { numRuns: 5000 })
})
