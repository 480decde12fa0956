import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CALLS } from '../../client/api.ts'
import { documentAt, type OpenApi } from '../support/documents.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const { clientApiOf } = (await import(join(ROOT, 'scripts/client-api.mjs'))) as {
  clientApiOf: (document: object) => string
}

let server: TestServer
let document: OpenApi
beforeAll(async () => {
  server = await startServer()
  document = await documentAt<OpenApi>(server.httpUrl, '/openapi.json')
})
afterAll(() => server.close())

test('client/api.ts is what the schemas say: else run `npm run client-api` beside a running server', () => {
  expect(readFileSync(join(ROOT, 'client/api.ts'), 'utf8')).toBe(clientApiOf(document))
})

test('every native call that goes as JSON is there', () => {
  const described = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/latchkey/v1/'))
    .flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId))
  const missing = described.filter((id) => !(id in CALLS))
  // A file that is sent, and lines that are read: `latchkey devices import` and `latchkey why` do that.
  expect(missing.sort()).toEqual(['importDevices', 'readAudit', 'readResults'])
})

test('a schema of a form that is not known is a mistake, and no `unknown`', () => {
  const answer = (schema: object) => ({
    paths: {
      '/latchkey/v1/x': {
        get: {
          operationId: 'x',
          summary: 'X',
          responses: { 200: { content: { 'application/json': { schema } } } },
        },
      },
    },
    components: { schemas: { CloudEvent: { type: 'object' } }, responses: {} },
  })
  expect(clientApiOf(answer({ type: 'integer' }))).toMatch(/answer: number/)
  expect(() => clientApiOf(answer({ type: 'tuple' }))).toThrow(/no type/)
})
