import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { StoreDown } from '../../shared/errors.ts'
import { openRedis } from '../../shared/store/redis/store.ts'
import { eventually, freshKeys, putOne } from '../store/contract/opened.ts'
import { customer, makeDevice, signIn } from '../support/api.ts'
import { folder, startProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { buildShim } from './shim.ts'

const V1 = '/latchkey/v1'
const shim = buildShim()
afterAll(() => shim?.drop())

/** A device that can be claimed, and who does it. */
const prepared = async (httpUrl: string) => {
  const device = await makeDevice(await signIn(httpUrl), { claimCode: 'label' })
  const ada = await customer(httpUrl)
  return {
    ada,
    claim: () => ada.post(`${V1}/claims`, { device: device.id, secret: 'label' }),
    device,
  }
}

/** Resolves when `/readyz` does. */
const says = async (httpUrl: string, wanted: number) => {
  const status = () => fetch(`${httpUrl}/readyz`).then((reply) => reply.status)
  expect(await eventually(status, (seen) => seen === wanted, 15_000)).toBe(wanted)
}

const suite = (shimmed: NonNullable<typeof shim>) => {
  const { env, set, done } = shimmed

  test('the embedded store acknowledges a claim after the disk has it, however slow that is', async () => {
    const { path, drop } = folder()
    const running = await startProcess(path, env)
    try {
      const { claim } = await prepared(running.httpUrl)
      set('slow')
      const before = done()
      expect((await claim()).status).toBe(201)
      expect(done()).toBeGreaterThan(before)
    } finally {
      set('well')
      running.kill('SIGKILL')
      await running.exited
      drop()
    }
  })

  test('the embedded store acknowledges nothing that the disk did not take, and has all it did after a restart', async () => {
    const { path, drop } = folder()
    let running = await startProcess(path, env)
    try {
      const first = await prepared(running.httpUrl)
      expect((await first.claim()).status).toBe(201)
      const second = await prepared(running.httpUrl)
      set('broken')
      expect((await second.claim()).status).toBe(503)
      expect((await fetch(`${running.httpUrl}/healthz`)).status).toBe(200)
      set('well')
      await says(running.httpUrl, 200)
      running.kill('SIGKILL')
      await running.exited
      running = await startProcess(path, env)
      const maker = await signIn(running.httpUrl)
      expect((await maker.get(`${V1}/devices/${first.device.id}`)).body.owner).toBe(first.ada.home)
      const { owner } = (await maker.get(`${V1}/devices/${second.device.id}`)).body
      // Refused with 503: its outcome is unknown, so both are right.
      expect([undefined, second.ada.home]).toContain(owner)
      expect((await second.claim().catch(() => undefined))?.status ?? 0).toBeLessThan(500)
    } finally {
      set('well')
      running.kill('SIGKILL')
      await running.exited
      drop()
    }
  })

  describeWithRedis('under Redis', () => {
    test.each(['always', 'everysec'])(
      'with appendfsync %s nothing is acknowledged that its disk did not take, and all is well when Redis is back',
      async (appendfsync) => {
        const { path, drop } = folder()
        const dir = folder()
        const args = ['--appendfsync', appendfsync]
        const redis = await startRedis({ dir: dir.path, env, args })
        const running = await startProcess(path, { LATCHKEY_STORE: redis.url })
        try {
          const first = await prepared(running.httpUrl)
          expect((await first.claim()).status).toBe(201)
          const second = await prepared(running.httpUrl)
          set('broken')
          // With "everysec" Redis finds out in its own time: what it acknowledged until then is its last second.
          await says(running.httpUrl, 503)
          expect((await second.claim()).status).toBe(503)
          set('well')
          await redis.kill()
          await redis.restart()
          await says(running.httpUrl, 200)
          const maker = await signIn(running.httpUrl)
          const { owner } = (await maker.get(`${V1}/devices/${first.device.id}`)).body
          expect(owner).toBe(first.ada.home)
        } finally {
          set('well')
          running.kill('SIGKILL')
          await running.exited
          await redis.stop()
          dir.drop()
          drop()
        }
      },
    )
  })
}

if (shim === undefined)
  describe.skip('a slow or broken disk (skipped: there is no gcc)', () => {
    test('is not there', () => undefined)
  })
else
  describe('a slow or broken disk', () => {
    suite(shim)
  })

/** The file that Redis appends to. */
const logOf = (dir: string): string => {
  const name = readdirSync(join(dir, 'appendonlydir')).find((file) => file.endsWith('.incr.aof'))
  return join(dir, 'appendonlydir', name as string)
}

describeWithRedis('the log of a Redis that was cut short or damaged', () => {
  const COUNT = 50

  /** A Redis that was killed with this many values in its log. */
  const killed = async () => {
    const dir = folder()
    const redis = await startRedis({ dir: dir.path })
    const store = await openRedis({ url: redis.url })
    const key = freshKeys()
    const names = Array.from({ length: COUNT }, (_, n) => key(`k${n}`))
    for (const name of names) expect(await putOne(store, name, name)).toBe(true)
    await store.close()
    await redis.kill()
    return { redis, names, dir }
  }

  test('cut at its end opens to all that was before, and the start says nothing else', async () => {
    const { redis, names, dir } = await killed()
    const log = logOf(dir.path)
    truncateSync(log, statSync(log).size - 37)
    await redis.restart()
    const store = await openRedis({ url: redis.url })
    const values = (await store.read(names)).map((entry) => entry?.value)
    const kept = values.filter((value) => value !== undefined).length
    expect(kept).toBeGreaterThanOrEqual(COUNT - 2)
    expect(values).toEqual(names.map((name, n) => (n < kept ? name : undefined)))
    await store.close()
    await redis.stop()
    dir.drop()
  })

  test('damaged in its middle is refused by Redis, and the program waits instead of starting anew', async () => {
    const { redis, dir } = await killed()
    const log = logOf(dir.path)
    const bytes = readFileSync(log)
    const middle = bytes.indexOf('\r\n*', bytes.length >> 1) + 2
    bytes[middle] = 0x21
    writeFileSync(log, bytes)
    await expect(redis.restart()).rejects.toThrow('redis-server ended')
    await expect(openRedis({ url: redis.url })).rejects.toThrow(StoreDown)
    await redis.stop()
    dir.drop()
  })
})
