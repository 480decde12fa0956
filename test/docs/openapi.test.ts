import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { FastifyPluginAsync } from 'fastify'
import { buildGateway } from '../../gateway/app.ts'
import type { HttpDialect } from '../../gateway/context.ts'
import { commonCalls } from '../../gateway/description/common.ts'
import { noteRoutes, type Route } from '../../gateway/description/routes.ts'
import { nativeCalls } from '../../gateway/dialects/native/calls/index.ts'
import { native } from '../../gateway/dialects/native/index.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { openStore } from '../../shared/store/open.ts'
import { VERSION } from '../../shared/version.ts'
import { api, customer, signIn } from '../support/api.ts'
import { documentAt, type OpenApi } from '../support/documents.ts'
import { partsOn } from '../support/parts.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let document: OpenApi
beforeAll(async () => {
  server = await startServer()
  document = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
})
afterAll(() => server.close())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ method, path, one })),
  )

/** Every route of the native API, and the schemas that it validates with. */
const nativeRoutes = async (): Promise<readonly Route[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  const store = await openStore({ url: `embedded:${join(folder, 'store')}`, log: silentLog })
  const { clock: _clock, project: _project, ...parts } = await partsOn(store)
  let routes: readonly Route[] = []
  // A plugin that is none of its own: it sees the routes of all that come after it.
  const watcher: FastifyPluginAsync = Object.assign(
    async (app: Parameters<FastifyPluginAsync>[0]) => {
      routes = noteRoutes(app)
    },
    { [Symbol.for('skip-override')]: true },
  )
  const spy: HttpDialect = { name: 'spy', routes: () => watcher }
  const app = await buildGateway({
    ...{ ...parts, store, log: silentLog, metrics: noMetrics, publicUrl: () => '' },
    dialects: [spy, native],
  })
  await app.ready()
  await app.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
  return routes
}

test('the document is OpenAPI 3.1 by its own meta-schema', async () => {
  const checker = new Validator()
  const { valid, errors } = await checker.validate(structuredClone({ ...document }))
  expect([errors, valid, checker.version]).toEqual([undefined, true, '3.1'])
  expect(document).toMatchObject({ openapi: '3.1.0', info: { version: VERSION } })
})

test('every native route is described, and nothing is that is not there', async () => {
  const routes = await nativeRoutes()
  const places = routes.map(({ on }) => on).filter((on) => !on.startsWith('HEAD '))
  const ours = places.filter((on) => on.split(' ')[1]?.startsWith('/latchkey/v1/'))
  const described = Object.values(nativeCalls).map(({ on }) => on)
  expect(described.toSorted()).toEqual(ours.toSorted())
  expect(new Set(described).size).toBe(described.length)
  const all = described.length + Object.keys(commonCalls).length
  expect(operations().length).toBe(all)
})

test('every operation has a name of its own, and each name in its path is explained', () => {
  const names = operations().map(({ one }) => one.operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const { path, one } of operations()) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const told = (one.parameters ?? []).filter((p) => p.in === 'path').map(({ name }) => name)
    expect([path, told]).toEqual([path, inPath])
  }
})

describe('what is said of who may call is so', () => {
  const NOBODY = '00000000-0000-4000-8000-000000000000'
  const send = async ({ method, path, one }: ReturnType<typeof operations>[0], token?: string) => {
    const reply = await fetch(`${server.httpUrl}${path.replace(/\{\w+\}/g, NOBODY)}`, {
      method: method.toUpperCase(),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(one.requestBody === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(one.requestBody === undefined ? {} : { body: '{"no":"such member"}' }),
    })
    await reply.body?.cancel()
    return reply.status
  }

  test('without a token: 401 where one is needed, and nowhere else', async () => {
    for (const operation of operations()) {
      const isRefused = (await send(operation)) === 401
      expect([operation.one.operationId, isRefused]).toEqual([
        operation.one.operationId,
        operation.one.security.length > 0,
      ])
    }
  })

  test('with the token of a customer: 403 where a maker is needed', async () => {
    const { token } = await customer(server.httpUrl)
    for (const operation of operations()) {
      if (operation.one['x-role'] !== 'maker') continue
      expect([operation.one.operationId, await send(operation, token)]).toEqual([
        operation.one.operationId,
        403,
      ])
    }
  })

  test('with the token of a maker nothing is 401 or 403 that is for makers', async () => {
    const { token } = await signIn(server.httpUrl)
    for (const operation of operations()) {
      if (operation.one['x-role'] !== 'maker') continue
      expect([401, 403]).not.toContain(await send(operation, token))
    }
  })
})

test('the platforms that are served are named, with a link to their own documents', async () => {
  const tags = (document as unknown as { tags: { name: string; externalDocs?: object }[] }).tags
  const linked = tags.filter(({ externalDocs }) => externalDocs !== undefined)
  expect(linked.map(({ name }) => name).toSorted()).toEqual([
    'MODE',
    'Particle',
    'Thingful',
    'ThingsBoard',
    'thethings.io',
  ])
  const few = await startServer({ LATCHKEY_DIALECTS: 'mode' })
  try {
    const text = (await api(few.httpUrl).get('/openapi.json')).text
    expect(text).toContain('"name":"MODE"')
    expect(text).not.toContain('"name":"Particle"')
  } finally {
    await few.close()
  }
})
