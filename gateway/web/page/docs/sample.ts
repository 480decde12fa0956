import type { Operation, Schema } from './document.ts'

const NAMED: Readonly<Record<string, unknown>> = {
  email: 'ada@example.com',
  password: 'a-good-password',
  device: 'lamp-7',
  secret: 'the-secret-on-the-box',
  name: 'lamp-7',
  url: 'https://example.com/hook',
  action: 'blink',
}
const FORMATS: Readonly<Record<string, string>> = {
  uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
  'date-time': '2030-01-01T00:00:00Z',
}

/** A value that a schema takes; what is optional is left out. `undefined`: none can be made up. */
const sampleOf = (schema: Schema, name = ''): unknown => {
  if (schema.const !== undefined) return schema.const
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] ?? {}, name)
  if (schema.items !== undefined) return [sampleOf(schema.items, name)]
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer') return Math.max(1, schema.minimum ?? 1)
  if (schema.type === 'string') return NAMED[name] ?? FORMATS[schema.format ?? ''] ?? 'text'
  if (schema.properties === undefined) return undefined
  const { required = [], properties } = schema
  const shown = Object.entries(properties).filter(
    ([member]) => required.includes(member) || (member === 'secret' && required.includes('device')),
  )
  return Object.fromEntries(shown.map(([member, part]) => [member, sampleOf(part, member)]))
}

/** The same call with curl. */
export const curlFor = (origin: string, method: string, path: string, one: Operation): string => {
  const content = Object.entries(one.requestBody?.content ?? {})[0]
  const lines = [`curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}${origin}${path}`]
  const [way] = one.security.map((row) => Object.keys(row)[0] ?? '')
  if (way !== undefined) lines.push(`-H "Authorization: Bearer $TOKEN"`)
  if (content !== undefined) {
    const [type, { schema }] = content
    lines.push(`-H "Content-Type: ${type}"`)
    lines.push(
      type === 'application/json'
        ? `-d '${JSON.stringify(sampleOf(schema))}'`
        : '--data-binary @devices',
    )
  }
  return lines.join(' \\\n  ')
}
