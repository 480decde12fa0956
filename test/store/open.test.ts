import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { StoreUnfit } from '../../shared/errors.ts'
import { silentLog } from '../../shared/log.ts'
import { openStore } from '../../shared/store/open.ts'
import { describeAddress, parseAddress } from '../../shared/store/redis/address.ts'

describe('the URL of a store', () => {
  test('embedded: opens the folder it names', async () => {
    const path = mkdtempSync(join(tmpdir(), 'latchkey-open-'))
    const store = await openStore({ url: `embedded:${path}`, log: silentLog })
    await store.ping()
    await store.close()
    rmSync(path, { recursive: true, force: true })
  })

  test.each(['', 'x', 'mongodb://x', 'embedded', '__proto__:x'])(
    '%j names no store',
    async (url) => {
      await expect(openStore({ url, log: silentLog })).rejects.toThrow(StoreUnfit)
    },
  )

  test('a Redis may be named in each form', () => {
    const of = (url: string) => parseAddress(url)
    expect(of('redis://h')).toEqual({
      kind: 'single',
      tls: false,
      hosts: [{ host: 'h', port: 6379 }],
      db: 0,
    })
    expect(of('rediss://u:p%40:w@h:1/3')).toEqual({
      kind: 'single',
      tls: true,
      hosts: [{ host: 'h', port: 1 }],
      username: 'u',
      password: 'p@:w',
      db: 3,
    })
    expect(of('redis://:a@b@[::1]:7')).toMatchObject({
      hosts: [{ host: '::1', port: 7 }],
      password: 'a@b',
    })
    expect(of('redis+cluster://a,b:7001').hosts).toEqual([
      { host: 'a', port: 6379 },
      { host: 'b', port: 7001 },
    ])
    expect(of('rediss+sentinel://:pw@a,b:1/main/2')).toMatchObject({
      kind: 'sentinel',
      tls: true,
      hosts: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 1 },
      ],
      password: 'pw',
      master: 'main',
      db: 2,
    })
    expect(describeAddress(of('redis+cluster://:pw@a,b:1'))).toBe('cluster a:6379, b:1')
  })

  test.each([
    'redis://',
    'redis://:secret@',
    'redis://:secret@h:99999',
    'redis://:secret@h:x',
    'redis://:secret@a,b',
    'redis://:secret@h/x',
    'redis://:secret%zz@h',
    'redis+sentinel://:secret@h',
    'redis+cluster://:secret@a,,b',
    'redis+other://:secret@h',
  ])('%s is refused without showing the password', async (url) => {
    const refused = await openStore({ url, log: silentLog }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StoreUnfit)
    expect(String(refused)).not.toContain('secret')
  })
})
