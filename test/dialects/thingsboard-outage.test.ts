import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { buildGateway } from '../../gateway/app.ts'
import { thingsboard } from '../../gateway/dialects/thingsboard/index.ts'
import type { Log } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { openStore } from '../../shared/store/open.ts'
import { partsOn } from '../support/parts.ts'

/** A gateway whose store can be closed under it, and everything it says to its log. */
const openGateway = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  const said: string[] = []
  const say = (fields: object, message: string) => {
    const { err } = fields as { err?: Error }
    said.push(JSON.stringify({ ...fields, message, err: err?.stack }))
  }
  const log: Log = { debug: say, info: say, warn: say, error: say }
  const store = await openStore({ url: `embedded:${join(folder, 'store')}`, log })
  const { clock: _clock, project, ...parts } = await partsOn(store)
  const app = await buildGateway({
    ...parts,
    store,
    log,
    metrics: noMetrics,
    publicUrl: () => '',
    dialects: [thingsboard],
  })
  return { app, store, registry: parts.registry, project, said, folder }
}

const PASSWORD = 'a-secret-password'
const SECRET = 'a-secret-key'

test('without its store it answers 503 in the envelope, and no secret reaches the log, ever', async () => {
  const { app, store, registry, project, said, folder } = await openGateway()
  await registry.users.create({ project, email: 'ann@x', password: PASSWORD, role: 'customer' })
  const made = await registry.devices.create({ project, name: 'Lamp' })
  if (made === 'name-taken') throw new Error('no device')
  const { token } = made

  const login = (username: string) =>
    app.inject({ method: 'POST', url: '/api/auth/login', body: { username, password: PASSWORD } })
  const jwt = (await login('ann@x')).json().token as string
  const headers = { 'x-authorization': `Bearer ${jwt}` }
  const transport = (body: object) =>
    app.inject({ method: 'POST', url: `/api/v1/${token}/claim`, body })
  const claim = (secretKey: string) =>
    app.inject({
      method: 'POST',
      url: '/api/customer/device/Lamp/claim',
      headers,
      body: { secretKey },
    })
  expect((await transport({ secretKey: SECRET })).statusCode).toBe(200)
  expect((await transport({ secretKey: SECRET, durationMs: null })).statusCode).toBe(500)
  expect((await claim('wrong')).statusCode).toBe(400)
  expect((await claim(SECRET)).statusCode).toBe(200)

  await store.close()
  const down = [await login('ann@x'), await transport({ secretKey: SECRET }), await claim(SECRET)]
  for (const reply of down) {
    expect(reply.statusCode).toBe(503)
    expect(reply.json()).toEqual({
      status: 503,
      message: 'Service unavailable',
      errorCode: 2,
      timestamp: expect.any(Number),
    })
    expect(reply.headers['retry-after']).toBe('1')
  }
  for (const secret of [PASSWORD, SECRET, token, jwt])
    expect(said.filter((line) => line.includes(secret))).toEqual([])
  await app.close()
  rmSync(folder, { recursive: true, force: true })
})
