type Type = 'string' | 'number' | 'boolean' | 'object'
type Shape = readonly (readonly [name: string, type: Type])[]

const shape = (members: Readonly<Record<string, Type>>): Shape => Object.entries(members)
const PRESENCE = shape({ node: 'string', generation: 'number', at: 'number' })

/** The lines of logs, and what is announced, as they are read. */
const LINES = {
  'a line of the attempts': shape({ id: 'string', state: 'string', via: 'string', at: 'number' }),
  'a line of the history': shape({ at: 'number', type: 'string', epoch: 'number' }),
  'a refusal': shape({ at: 'number', what: 'string', reason: 'string' }),
  'a notice': shape({ id: 'string', device: 'string', epoch: 'number', at: 'number' }),
  'an event': shape({ id: 'string', type: 'string', at: 'number', data: 'object' }),
  'a value': shape({ datetime: 'string' }),
  'a letter': shape({ epoch: 'number', values: 'object' }),
  'a fault': shape({ line: 'number', faults: 'object' }),
  'a page of results': shape({ length: 'number' }),
  'an audit event': shape({ at: 'number', project: 'string', type: 'string' }),
  'a taking': shape({ device: 'string', node: 'string', generation: 'number' }),
} as const satisfies Readonly<Record<string, Shape>>
export type LineKind = keyof typeof LINES

/** What a record of version 1 has at least. Members that are not named here are of a later version, or optional. */
const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ...Object.entries(LINES),
  ['project', shape({ id: 'string', number: 'number', name: 'string', policy: 'object' })],
  [
    'user',
    shape({
      ...{ id: 'string', project: 'string', role: 'string', home: 'string' },
      ...{ generation: 'number', withheld: 'object' },
    }),
  ],
  ['home', shape({ id: 'string', project: 'string', number: 'number', title: 'string' })],
  ['member', shape({ user: 'string', home: 'string', role: 'string' })],
  ['session', shape({ id: 'string', user: 'string', expiresAt: 'number' })],
  [
    'device',
    shape({
      ...{ id: 'string', project: 'string', number: 'number', name: 'string', thingId: 'string' },
      ...{ credential: 'number', credentialDigest: 'string', epoch: 'number', gateway: 'boolean' },
    }),
  ],
  [
    'code',
    shape({ id: 'string', user: 'string', home: 'string', claim: 'string', expiresAt: 'number' }),
  ],
  ['link', shape({ id: 'string', state: 'string', expiresAt: 'number' })],
  [
    'attempt',
    shape({ id: 'string', project: 'string', user: 'string', state: 'string', at: 'number' }),
  ],
  [
    'command',
    shape({
      id: 'string',
      device: 'string',
      epoch: 'number',
      state: 'string',
      expiresAt: 'number',
    }),
  ],
  ['presence', PRESENCE],
  ['socket-presence', PRESENCE],
])

const KEY = /^\{([^}~]+)\}([a-z-]+)(?::|$)/

/** What kind of record lies under a key, and in which project. `undefined`: it is of no project. */
export const kindOf = (
  key: string,
): { readonly project: string; readonly kind: string } | undefined => {
  const [, project, kind] = KEY.exec(key) ?? []
  return project === undefined || kind === undefined ? undefined : { project, kind }
}

/** What is wrong with a record. `undefined`: nothing, or it is of a kind that is not looked into. */
export const shapeFault = (kind: string, record: unknown): string | undefined => {
  const wanted = SHAPES.get(kind)
  if (wanted === undefined) return undefined
  if (typeof record !== 'object' || record === null) return `a ${kind} is no object`
  const wrong = wanted.find(([name, type]) => {
    const member: unknown = record[name as never]
    return typeof member !== type || member === null
  })
  return wrong && `a ${kind} has no ${wrong[0]}`
}
