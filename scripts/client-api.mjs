import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const PREFIX = '/latchkey/v1'
const JSON_TYPE = 'application/json'

const HEAD = `// Written by scripts/client-api.mjs from /openapi.json, which is made of the schemas that the server checks with.
// test/client/api.test.ts holds it in step.
`

const commentOf = (...lines) => {
  const words = lines.filter((line) => line !== undefined && line !== '').join(' ')
  return words === '' ? '' : `/** ${words.replaceAll('*/', '* /').replaceAll('\n', ' ')} */\n`
}

const nameOf = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

const membersOf = ({ properties = {}, required = [] }) =>
  Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : '?'
    return `${commentOf(schema.description)}readonly ${nameOf(name)}${mark}: ${typeOf(schema)}`
  })

/** One of the forms of JSON Schema that our schemas have; another one is a mistake to be seen here. */
const typeOf = (schema) => {
  const { $ref, anyOf, type } = schema
  if ($ref !== undefined) return $ref.split('/').at(-1)
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(' | ')
  switch (type) {
    case undefined:
      return 'unknown'
    case 'object':
      return schema.patternProperties === undefined
        ? `{\n${membersOf(schema).join('\n')}\n}`
        : `Readonly<Record<string, ${Object.values(schema.patternProperties).map(typeOf).join(' | ')}>>`
    case 'array':
      return `readonly (${typeOf(schema.items)})[]`
    case 'integer':
      return 'number'
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return type
    default:
      throw new TypeError(`no type for ${JSON.stringify(schema)}`)
  }
}

/** A number in a query comes as digits; a program has it as a number. */
const isDigits = ({ pattern }) => /^\^\[[01]-9\]/.test(pattern ?? '')

const parameterType = ({ name, required, schema }) =>
  `readonly ${nameOf(name)}${required ? '' : '?'}: ${isDigits(schema) ? 'number' : typeOf(schema)}`

const named = (body) => (body.anyOf ?? [body]).flatMap((one) => Object.keys(one.properties ?? {}))

const isNull = ({ type }) => type === 'null'

/** The body of a call: `undefined` for none. A body that may be left out has an arm of null; its members are optional. */
const bodyOf = ({ requestBody }) => {
  const schema = requestBody?.content[JSON_TYPE]?.schema
  if (schema?.anyOf?.some(isNull) !== true) return schema
  const arms = schema.anyOf.filter((arm) => !isNull(arm))
  return arms.length === 1 ? arms[0] : { ...schema, anyOf: arms }
}

const successes = ({ responses }) =>
  Object.entries(responses).flatMap(([status, reply]) => (status.startsWith('2') ? [reply] : []))

/** What goes as JSON, both ways. */
const isJson = (operation) =>
  (operation.requestBody === undefined || operation.requestBody.content[JSON_TYPE] !== undefined) &&
  successes(operation).every(({ content }) => content === undefined || JSON_TYPE in content)

const givenOf = (id, operation) => {
  const body = bodyOf(operation)
  const parameters = (operation.parameters ?? []).filter((one) => one.in !== 'header')
  const names = [...parameters.map(({ name }) => name), ...(body === undefined ? [] : named(body))]
  const others = parameters.map(({ name }) => name)
  if (body !== undefined && named(body).some((name) => others.includes(name)))
    throw new TypeError(`${id}: a name stands in the address and in the body: ${names.join(', ')}`)
  const parts = [
    ...(parameters.length === 0 ? [] : [`{\n${parameters.map(parameterType).join('\n')}\n}`]),
    ...(body === undefined ? [] : [`(${typeOf(body)})`]),
  ]
  return parts.length === 0 ? 'undefined' : parts.join(' & ')
}

const answerOf = (operation) => {
  const types = successes(operation).map(({ content }) =>
    content === undefined ? 'undefined' : typeOf(content[JSON_TYPE].schema),
  )
  return [...new Set(types)].join(' | ')
}

const placeOf = (method, path, { parameters = [] }) => {
  const query = parameters.filter((one) => one.in === 'query').map(({ name }) => name)
  const behind = query.length === 0 ? '' : `?${query.join('&')}`
  return `${method.toUpperCase()} ${path.slice(PREFIX.length)}${behind}`
}

const operationsOf = ({ paths }) =>
  Object.entries(paths)
    .filter(([path]) => path.startsWith(PREFIX))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
    .filter(({ operation }) => isJson(operation))

const shapeOf = ([name, schema]) =>
  `${commentOf(schema.description)}export type ${name} = ${typeOf(schema)}\n`

const callOf = ({ operation }) => {
  const { operationId: id, summary, description, 'x-role': role } = operation
  const forWhom = role === undefined ? undefined : `For a ${role}.`
  return `${commentOf(`${summary}.`, description, forWhom)}readonly ${id}: {
    readonly given: ${givenOf(id, operation)}
    readonly answer: ${answerOf(operation)}
  }`
}

/** Names that a shape uses, other shapes included. */
const usedBy = (value) =>
  [...JSON.stringify(value).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name)

const shapesFor = (operations, { schemas, responses }) => {
  const wanted = new Set()
  const add = (name) => {
    if (wanted.has(name)) return
    wanted.add(name)
    usedBy(schemas[name]).forEach(add)
  }
  usedBy([operations, responses]).forEach(add)
  add('CloudEvent')
  return Object.entries(schemas).filter(([name]) => wanted.has(name))
}

const formatted = (text) =>
  execFileSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/@biomejs/biome/bin/biome'),
      'format',
      '--stdin-file-path=client/api.ts',
    ],
    { input: text, cwd: ROOT, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] },
  )

/** The text of `client/api.ts` for an OpenAPI document of ours. */
export const clientApiOf = (document) => {
  const operations = operationsOf(document)
  const rows = operations.map(
    ({ path, method, operation }) =>
      `  ${operation.operationId}: '${placeOf(method, path, operation)}',`,
  )
  return formatted(`${HEAD}
/** Where each call goes, under \`${PREFIX}\`: its method, its path, and what stands behind the question mark. */
export const CALLS = {
${rows.join('\n')}
} as const

/** What each call takes, and what it answers. */
export type Calls = {
${operations.map(callOf).join('\n')}
}

${shapesFor(operations, document.components).map(shapeOf).join('\n')}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url = 'http://127.0.0.1:8080'] = process.argv.slice(2)
  const document = await (await fetch(`${url}/openapi.json`)).json()
  writeFileSync(join(ROOT, 'client/api.ts'), clientApiOf(document))
}
