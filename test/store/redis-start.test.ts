import { expect, test } from '@jest/globals'
import { StoreDown, StoreUnfit } from '../../shared/errors.ts'
import { openRedis } from '../../shared/store/redis/store.ts'
import { describeWithRedis, freePort } from '../support/redis-server.ts'
import { freshKeys, putOne } from './contract/opened.ts'
import { createRoom } from './redis-room.ts'

const START_MS = 5_000

describeWithRedis('opening a redis store', () => {
  const { redis, open, plain } = createRoom()

  test('a Redis that is not there at start is StoreDown within about 4 s', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`
    const start = Date.now()
    await expect(openRedis({ url })).rejects.toThrow(StoreDown)
    expect(Date.now() - start).toBeLessThan(START_MS)
  })

  test('a Redis without AOF and with eviction is refused with both faults named, and used when told to', async () => {
    const server = await redis('--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru')
    const refused = await openRedis({ url: server.url }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StoreUnfit)
    const { faults } = refused as StoreUnfit
    expect(faults).toHaveLength(2)
    expect(faults[0]).toContain('appendonly')
    expect(faults[1]).toContain('maxmemory-policy is allkeys-lru')
    const store = await open({ url: server.url, allowUnsafe: true })
    expect(await putOne(store, freshKeys()('a'), '1')).toBe(true)
  })

  test('a replica is refused', async () => {
    const master = await redis()
    const replica = await redis('--replicaof', `127.0.0.1 ${master.port}`)
    const refused = await openRedis({ url: replica.url }).catch((error: unknown) => error)
    expect((refused as StoreUnfit).faults).toEqual([expect.stringContaining('replica')])
  })

  test('a wrong password is refused in words that do not show it', async () => {
    const server = await redis('--requirepass', 'right')
    for (const url of [`redis://:wrong-one@127.0.0.1:${server.port}`, server.url]) {
      const refused = await openRedis({ url }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(StoreUnfit)
      expect(String(refused)).not.toContain('wrong-one')
    }
    const store = await open({ url: `redis://:right@127.0.0.1:${server.port}` })
    expect(await putOne(store, freshKeys()('a'), '1')).toBe(true)
  })

  test('a user without all rights is refused at start, not half-way through a claim', async () => {
    const server = await redis()
    const admin = plain(server)
    const cases = [
      ['~*', '&*', '+@all', '-xadd'],
      ['~*', '&*', '+@all', '-pexpire'],
      ['~other:*', '&*', '+@all'],
      ['~*', '&*', '+@all', '-evalsha'],
      ['~*', '&*', '+@all', '-info'],
    ]
    for (const [n, rights] of cases.entries()) {
      await admin.call('ACL', 'SETUSER', `u${n}`, 'on', '>pw', ...rights)
      const url = `redis://u${n}:pw@127.0.0.1:${server.port}`
      await expect(openRedis({ url })).rejects.toThrow(StoreUnfit)
    }
    await admin.call('ACL', 'SETUSER', 'good', 'on', '>pw', '~latchkey:*', '&latchkey:*', '+@all')
    const store = await open({ url: `redis://good:pw@127.0.0.1:${server.port}` })
    await expect(store.watch('channel', () => {})).resolves.toBeDefined()
  })
})
