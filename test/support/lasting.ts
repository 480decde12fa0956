import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from '@jest/globals'
import { Redis } from 'ioredis'
import { silentLog } from '../../shared/log.ts'
import { openTree } from '../../shared/store/embedded/tree.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from './parts.ts'
import { describeWithRedis, type RedisServer, startRedis } from './redis-server.ts'

/** A store under test, with engine and registry on it. */
export type Ground = {
  readonly parts: Parts
  readonly store: Store
  /** Every key that has this text in it and does not end by itself. Closes an embedded store. */
  readonly lasting: (text: string) => Promise<string[]>
}

const END_OF_HEAD = /\n[\s\S]*$/
/** `stamp expiresAt` or `count expiresAt`: what ends has a second word before the value. */
const hasEnd = (value: Uint8Array) =>
  Buffer.from(value).toString().replace(END_OF_HEAD, '').split(' ').length > 1

/** In the embedded tree: entries, members of indexes, logs. */
const lastingInTree = (folder: string, text: string): string[] => {
  const tree = openTree(folder)
  const found: string[] = []
  for (const { key, value } of tree.getRange({})) {
    const name = Buffer.from(key as unknown as Uint8Array).toString()
    const isMortal = name[0] === 'e' || name[0] === 'l'
    if (!name.includes(text) || !/^[eml]/.test(name)) continue
    if (isMortal && hasEnd(value as unknown as Uint8Array)) continue
    found.push(name)
  }
  void tree.close()
  return found
}

const lastingInRedis = async ({ port }: RedisServer, text: string): Promise<string[]> => {
  const client = new Redis({ host: '127.0.0.1', port, protocol: 2 })
  const found: string[] = []
  let cursor = '0'
  do {
    const [next, names] = await client.scan(cursor, 'COUNT', 1000)
    cursor = next
    for (const name of names) {
      const members = name.startsWith('latchkey:i:') ? await client.zrange(name, '0', '-1') : []
      for (const one of [name, ...members.map((member) => `${name} ${member}`)])
        if (one.includes(text) && (await client.pttl(name)) === -1) found.push(one)
    }
  } while (cursor !== '0')
  client.disconnect()
  return found
}

/** Runs a suite on the embedded store, and again on a real Redis. */
export const onEachGround = (suite: (ground: () => Ground) => void): void => {
  describe('on the embedded store', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-ground-'))
    let ground: Ground
    beforeAll(async () => {
      const store = await openStore({
        url: `embedded:${folder}`,
        log: silentLog,
        allowUnsafe: false,
      })
      const lasting = async (text: string) => {
        await store.close()
        return lastingInTree(folder, text)
      }
      ground = { parts: await partsOn(store), store, lasting }
    })
    afterAll(async () => {
      await ground.store.close()
      rmSync(folder, { recursive: true, force: true })
    })
    suite(() => ground)
  })
  describeWithRedis('on Redis', () => {
    let redis: RedisServer
    let ground: Ground
    beforeAll(async () => {
      redis = await startRedis()
      const store = await openStore({ url: redis.url, log: silentLog, allowUnsafe: false })
      ground = {
        parts: await partsOn(store),
        store,
        lasting: (text) => lastingInRedis(redis, text),
      }
    })
    afterAll(async () => {
      await ground.store.close()
      await redis.stop()
    })
    suite(() => ground)
  })
}
