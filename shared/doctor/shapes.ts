type Type = 'string' | 'number' | 'boolean' | 'object'
type Shape = Readonly<Record<string, Type>>

/** What a record of version 1 has at least. Members that are not named here are of a later version, or optional. */
const SHAPES: Readonly<Record<string, Shape>> = {
  project: { id: 'string', number: 'number', name: 'string', policy: 'object' },
  user: { id: 'string', project: 'string', role: 'string', home: 'string', generation: 'number' },
  home: { id: 'string', project: 'string', number: 'number', title: 'string' },
  member: { user: 'string', home: 'string', role: 'string' },
  session: { id: 'string', user: 'string', expiresAt: 'number' },
  device: {
    ...{ id: 'string', project: 'string', number: 'number', name: 'string', thingId: 'string' },
    ...{ credential: 'number', credentialDigest: 'string', epoch: 'number', gateway: 'boolean' },
  },
  code: { id: 'string', user: 'string', home: 'string', claim: 'string', expiresAt: 'number' },
  link: { id: 'string', state: 'string', expiresAt: 'number' },
  attempt: { id: 'string', project: 'string', user: 'string', state: 'string', at: 'number' },
}

const KEY = /^\{([^}~]+)\}([a-z-]+)(?::|$)/

/** What kind of record lies under a key, and in which project. `undefined`: it is of no project. */
export const kindOf = (
  key: string,
): { readonly project: string; readonly kind: string } | undefined => {
  const [, project, kind] = KEY.exec(key) ?? []
  return project === undefined || kind === undefined ? undefined : { project, kind }
}

/** What is wrong with a record. `undefined`: nothing, or it is of a kind that is not looked into. */
export const shapeFault = (kind: string, value: string): string | undefined => {
  const shape = Object.hasOwn(SHAPES, kind) ? SHAPES[kind] : undefined
  if (shape === undefined) return undefined
  let record: unknown
  try {
    record = JSON.parse(value)
  } catch {
    return `a ${kind} is no JSON`
  }
  if (typeof record !== 'object' || record === null) return `a ${kind} is no object`
  const members = new Map(Object.entries(record))
  const wrong = Object.entries(shape).find(([name, type]) => typeof members.get(name) !== type)
  return wrong && `a ${kind} has no ${wrong[0]}`
}
