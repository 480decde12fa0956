import type { TSchema } from 'typebox'
import { ReasonWord } from '../../shared/model/device-messages.ts'
import { CloudEventMessage } from '../../shared/model/event-messages.ts'
import type { Answer, Call, Caller, Calls } from './call.ts'
import { createComponents } from './components.ts'
import { platformTags } from './platforms.ts'
import { Problem, problemsOf, STATUSES } from './problems.ts'
import type { Route } from './routes.ts'

/** What a description of the HTTP API is made of. `dialects`: the names of those that are served. */
export type HttpDescribed = {
  readonly routes: readonly Route[]
  readonly calls: Calls
  readonly shapes: Readonly<Record<string, TSchema>>
  readonly dialects: readonly string[]
  readonly version: string
}

type Refer = ReturnType<typeof createComponents>['refer']

/** How each kind of caller signs. */
const SECURITY: Readonly<Record<Caller, readonly object[]>> = {
  anyone: [],
  'this machine': [],
  user: [{ session: [] }],
  maker: [{ session: [] }],
  'user or key': [{ session: [] }, { projectKey: [] }],
  'user or ticket': [{ session: [] }, { ticket: [] }],
}

const SCHEMES = {
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token of `POST /latchkey/v1/sessions`',
  },
  projectKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'The key of `POST /latchkey/v1/project-keys`',
  },
  ticket: {
    type: 'apiKey',
    in: 'query',
    name: 'ticket',
    description: 'The ticket of `POST /latchkey/v1/tickets`: good once, for a minute',
  },
}

const ABOUT = `Whose device is this? Devices and accounts each bring a half, and when both meet the device is claimed.

JSON in and out; unknown members are refused. Times are RFC 3339 in UTC, durations integers in ms. Every refusal is a problem of RFC 9457
with a stable \`reason\`. Devices speak MQTT: [/asyncapi.json](/asyncapi.json).`

const problemName = (status: number) => `Problem${status}`

const IDEMPOTENCY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same request with the same key gets the same answer for 24 h',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}
const LOCATION = {
  description: 'Where it can be read',
  schema: { type: 'string', format: 'uri-reference' },
}
const RETRY_AFTER = { description: 'Seconds', schema: { type: 'integer', minimum: 1 } }

type Members = {
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly required?: readonly string[]
}

/** Names in a path or behind its question mark. `*` is what the row calls it. */
const parametersIn = (place: 'path' | 'query', schema: TSchema | undefined, call: Call) => {
  const { properties = {}, required = [] } = (schema ?? {}) as Members
  return (refer: Refer) =>
    Object.entries(properties)
      // A ticket is a way to sign.
      .filter(([name]) => !(place === 'query' && name === 'ticket'))
      .map(([name, member]) => ({
        name: name === '*' ? call.rest : name,
        in: place,
        ...(place === 'path' || required.includes(name) ? { required: true } : {}),
        schema: refer(member),
      }))
}

const bodyOf = ({ body }: Route, { takes }: Call, refer: Refer) => {
  if (body === undefined && takes === undefined) return {}
  const content =
    takes === undefined
      ? { 'application/json': { schema: body === undefined ? {} : refer(body) } }
      : Object.fromEntries(takes.map((type) => [type, { schema: { type: 'string' } }]))
  return { requestBody: { required: !takesNothing(body), content } }
}

/** A body whose every member is optional may be left out: its schema has an arm for that. */
const takesNothing = (body: TSchema | undefined): boolean =>
  ((body ?? {}) as { anyOf?: readonly { type?: string }[] }).anyOf?.some(
    ({ type }) => type === 'null',
  ) ?? false

const responseOf = (
  { is, body, type = 'application/json', stream, hasLocation }: Answer,
  refer: Refer,
) => {
  const content = {
    ...(body === undefined ? {} : { [type]: { schema: refer(body) } }),
    ...(stream === undefined ? {} : { [stream]: { schema: { type: 'string' } } }),
  }
  return {
    description: is,
    ...(hasLocation ? { headers: { Location: LOCATION } } : {}),
    ...(body === undefined ? {} : { content }),
  }
}

const operationOf = (id: string, call: Call, route: Route, refer: Refer) => {
  const { params, query } = route
  const parameters = [
    ...parametersIn('path', params, call)(refer),
    ...parametersIn('query', query, call)(refer),
    ...(route.on.startsWith('POST ') && call.by !== 'this machine' ? [IDEMPOTENCY] : []),
  ]
  const answers = Object.entries(call.answers).map(([status, answer]) => [
    status,
    responseOf(answer, refer),
  ])
  const problems = problemsOf(call, route).map((status) => [
    status,
    { $ref: `#/components/responses/${problemName(status)}` },
  ])
  return {
    operationId: id,
    tags: [call.topic],
    summary: call.summary,
    ...(call.about === undefined ? {} : { description: call.about }),
    ...(call.by === 'maker' ? { 'x-role': 'maker' } : {}),
    security: SECURITY[call.by],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(route, call, refer),
    responses: Object.fromEntries([...answers, ...problems]),
  }
}

const problemResponses = (refer: Refer) =>
  Object.fromEntries(
    Object.entries(STATUSES).map(([status, description]) => [
      problemName(Number(status)),
      {
        description,
        ...(['429', '503'].includes(status) ? { headers: { 'Retry-After': RETRY_AFTER } } : {}),
        content: { 'application/problem+json': { schema: refer(Problem) } },
      },
    ]),
  )

/** `/a/:id/*` as OpenAPI writes it. */
const templateOf = (path: string, { rest = 'rest' }: Call) =>
  path.replace(/:(\w+)/g, '{$1}').replace('*', `{${rest}}`)

/** OpenAPI 3.1 of the calls that are served here. Tells calls without a route by leaving them out. */
export const describeHttp = ({ routes, calls, shapes, dialects, version }: HttpDescribed) => {
  const byPlace = new Map(routes.map((route) => [route.on, route]))
  const named = { ...shapes, Problem, Reason: ReasonWord, CloudEvent: CloudEventMessage }
  const { refer, schemas } = createComponents(named)
  const paths: Record<string, Record<string, object>> = {}
  const topics = new Set<string>()
  for (const [id, call] of Object.entries(calls)) {
    const route = byPlace.get(call.on)
    if (route === undefined) continue
    const [method = '', path = ''] = call.on.split(' ')
    const template = templateOf(path, call)
    topics.add(call.topic)
    paths[template] = {
      ...paths[template],
      [method.toLowerCase()]: operationOf(id, call, route, refer),
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description: ABOUT,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...[...topics].map((name) => ({ name })), ...platformTags(dialects)],
    paths,
    components: {
      schemas,
      responses: problemResponses(refer),
      securitySchemes: SCHEMES,
    },
  }
}
