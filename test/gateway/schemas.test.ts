import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Api, api, customer, signIn } from '../support/api.ts'
import { documentAt } from '../support/documents.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** JSON Schema as far as our bodies use it. */
type Schema = {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly minItems?: number
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
}
type Operation = {
  readonly operationId: string
  readonly 'x-role'?: string
  readonly security: readonly object[]
  readonly parameters?: readonly { name: string; in: string; schema: Schema }[]
  readonly requestBody?: { content: Readonly<Record<string, { schema: Schema }>> }
}
type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }

const NOBODY = '00000000-0000-4000-8000-000000000000'

let server: TestServer
let document: Document
let maker: Api
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)

beforeAll(async () => {
  server = await startServer()
  document = await documentAt<Document>(server.httpUrl, '/openapi.json')
  maker = await signIn(server.httpUrl)
})
afterAll(async () => {
  expect((await api(server.httpUrl).get('/healthz')).status).toBe(200)
  await server.close()
})

/** What may stand for a text, the first that its schema takes. */
const TEXTS = [
  ...['x', 'a text of some length', 'a@b.example', '2099-01-01T00:00:00Z', 'https://a.example/'],
  ...['01'.repeat(12), '01'.repeat(32), '+15550100', '1', '000000'],
]

/** Something that a schema takes. */
const sampleOf = (schema: Schema): unknown => {
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] as Schema)
  switch (schema.type) {
    case 'string': {
      const fits = ajv.compile(schema)
      const text = TEXTS.find((one) => fits(one))
      if (text === undefined) throw new Error(`no text for ${JSON.stringify(schema)}`)
      return text
    }
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    case 'null':
      return null
    case 'array':
      return Array.from({ length: schema.minItems ?? 1 }, () => sampleOf(schema.items ?? {}))
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, member]) => [name, sampleOf(member)]),
      )
    default:
      return { anything: true }
  }
}

const VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, 2 ** 53, '', ' ', 'null', '1', '\u0000', '\u202e'],
  ...[[], ['x'], [[]], {}, { length: 1 }, { toString: 'x' }, 'x'.repeat(5000)],
]

type Field = { readonly path: readonly string[]; readonly schema: Schema; readonly body: unknown }

/** Every member of a body, at any depth, with a body that has it; of a union those of each of its forms. */
const fieldsOf = (
  schema: Schema,
  whole: (inner: unknown) => unknown,
  path: readonly string[] = [],
): readonly Field[] => {
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((one) => fieldsOf(one, whole, path))
  if (schema.type === 'array' && schema.items !== undefined)
    return fieldsOf(schema.items, (inner) => whole([inner]), [...path, '0'])
  const sample = sampleOf(schema)
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const base = sample as Record<string, unknown>
    const at = [...path, name]
    const deeper = (inner: unknown) => whole({ ...base, [name]: inner })
    return [
      { path: at, schema: member, body: whole({ ...base, [name]: sampleOf(member) }) },
      ...fieldsOf(member, deeper, at),
    ]
  })
}

const replaced = (body: unknown, path: readonly string[], value: unknown): unknown => {
  const [first, ...rest] = path
  if (first === undefined) return value
  if (Array.isArray(body)) return [replaced(body[Number(first)], rest, value)]
  const record = body as Record<string, unknown>
  return { ...record, [first]: replaced(record[first], rest, value) }
}

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, one]) => {
      const schema = one.requestBody?.content['application/json']?.schema
      return schema === undefined ? [] : [{ method, path, one, schema }]
    }),
  )

type Called = ReturnType<typeof operations>[number]

const send = async ({ method, path }: Pick<Called, 'method' | 'path'>, body: unknown) => {
  const reply = await fetch(`${server.httpUrl}${path.replace(/\{\w+\}/g, NOBODY)}`, {
    method: method.toUpperCase(),
    headers: { authorization: `Bearer ${maker.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await reply.text()
  return { status: reply.status, text, body: text === '' ? undefined : JSON.parse(text) }
}

const whole = (inner: unknown) => inner

// research/security.md S104.
test('every field of every body refuses what is not of its type, and says which it was', async () => {
  let tried = 0
  for (const operation of operations()) {
    const isRight = ajv.compile(operation.schema)
    for (const { path, body } of fieldsOf(operation.schema, whole)) {
      expect([operation.one.operationId, path, isRight(body)]).toEqual([
        operation.one.operationId,
        path,
        true,
      ])
      for (const value of VALUES) {
        const wrong = replaced(body, path, value)
        if (isRight(wrong)) continue
        const reply = await send(operation, wrong)
        expect([operation.one.operationId, path, value, reply.status]).toEqual([
          ...[operation.one.operationId, path, value],
          400,
        ])
        expect(reply.body).toMatchObject({ status: 400, reason: 'bad-request' })
        // NUL is refused before any schema is asked.
        if (value !== '\u0000') expect(reply.body.errors.length).toBeGreaterThan(0)
        tried += 1
      }
    }
  }
  expect(tried).toBeGreaterThan(1000)
}, 30_000)

// research/security.md S105: mass assignment.
test('no body has a member that is not described, and what it names is not changed', async () => {
  const NAMES = ['owner', 'customerId', 'role', 'claimedAt', 'epoch', 'id', 'project2', '$where']
  for (const operation of operations()) {
    if (operation.schema.additionalProperties === true) continue
    const all = operation.schema.anyOf ?? [operation.schema]
    const forms = all.filter(({ properties }) => properties !== undefined)
    for (const form of forms)
      for (const name of NAMES) {
        if (forms.some(({ properties = {} }) => name in properties)) continue
        const reply = await send(operation, { ...(sampleOf(form) as object), [name]: 'maker' })
        expect([operation.one.operationId, name, reply.status]).toEqual([
          ...[operation.one.operationId, name],
          400,
        ])
        expect(JSON.stringify(reply.body.errors)).toContain(`/${name}`)
      }
  }
  const ada = await customer(server.httpUrl)
  const seen = await maker.get(`/latchkey/v1/users/${ada.id}`)
  expect(seen.body.role).toBe('customer')
})

test('every query takes what is described, and where nothing is, nothing in it counts', async () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    const one = methods.get
    if (one === undefined || !path.startsWith('/latchkey/')) continue
    const at = path.replace(/\{\w+\}/g, NOBODY)
    const isDescribed = one.parameters?.some((parameter) => parameter.in === 'query') ?? false
    const wanted = isDescribed ? 400 : (await maker.get(at)).status
    for (const query of ['owner=x', '__proto__=x', 'constructor[prototype]=x', 'a[]=1', '%zz=%zz'])
      expect([at, query, (await maker.get(`${at}?${query}`)).status]).toEqual([at, query, wanted])
  }
})
