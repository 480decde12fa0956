import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { StoreUnfit } from '../../shared/errors.ts'
import { openEmbedded } from '../../shared/store/embedded/store.ts'
import type { Key, Store } from '../../shared/store/port.ts'
import { eventually, freshKeys, putOne } from './contract/opened.ts'
import { type Compiled, compileStore } from './process.ts'

const HOLD = `
  try {
    await openEmbedded({ path: args[0] })
    say('held')
    setInterval(() => {}, 1000)
  } catch (error) {
    say('refused ' + error.code + ' ' + error.message)
  }`

const COMMIT_FOR_EVER = `
  const store = await openEmbedded({ path: args[0] })
  const next = async (lane) => {
    for (let n = 0; ; n++) {
      const key = '{t}' + lane + ':' + n
      const change = {
        put: [{ key, value: key }],
        add: [{ index: '{t}index', member: key }],
        append: [{ log: '{t}log', item: key, keep: 1000000 }],
      }
      if (await store.commit(change)) say(key)
    }
  }
  for (let lane = 0; lane < 8; lane++) next(lane)`

const FILL_UP = `
  const store = await openEmbedded({ path: args[0] })
  const value = 'v'.repeat(1000)
  const change = (n) => ({
    put: [{ key: '{t}a' + n, value }, { key: '{t}b' + n, value }],
    add: [{ index: '{t}index', member: 'm' + n }],
  })
  let n = 0
  for (let failure; failure === undefined; n++)
    await store.commit(change(n)).catch((error) => say('full ' + (failure = error).code))
  n--
  await store.ping().catch((error) => say('ping ' + error.code))
  const entries = await store.read(['{t}a' + n, '{t}b' + n])
  const members = await store.list('{t}index', { limit: 1e6 })
  say('refused ' + JSON.stringify([...entries, members.includes('m' + n)]))
  say('kept ' + (await store.read(['{t}a0']))[0].value.length)
  for await (const _ of process.stdin);
  say('again ' + (await store.commit(change(n))))
  await store.ping()
  await store.close()`

describe('the folder of an embedded store', () => {
  let compiled: Compiled
  let room: string
  const opened: Store[] = []
  const open = async (path: string): Promise<Store> => {
    const store = await openEmbedded({ path })
    opened.push(store)
    return store
  }
  beforeAll(() => {
    compiled = compileStore()
    room = mkdtempSync(join(tmpdir(), 'latchkey-folder-'))
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })
  afterAll(() => {
    compiled.dispose()
    rmSync(room, { recursive: true, force: true })
  })

  test('is made with its files for its owner alone', async () => {
    const path = join(room, 'made', 'deep.d')
    await open(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    for (const name of ['data.mdb', 'lock.mdb'])
      expect(statSync(join(path, name)).mode & 0o777).toBe(0o600)
  })

  test('that cannot be made is refused in words', async () => {
    writeFileSync(join(room, 'file'), '')
    await expect(open(join(room, 'file', 'in-it'))).rejects.toThrow(StoreUnfit)
    await expect(open(join(room, 'file'))).rejects.toThrow(StoreUnfit)
  })

  test('with a file that is no store is refused and let go', async () => {
    const path = join(room, 'foreign')
    mkdirSync(path)
    for (const content of ['short', 'this is no LMDB file'.repeat(1000), Buffer.alloc(65_536)]) {
      writeFileSync(join(path, 'data.mdb'), content)
      await expect(open(path)).rejects.toThrow(/cannot be opened: data.mdb is not a store/)
    }
    writeFileSync(join(path, 'data.mdb'), '')
    await open(path)
  })

  test('is refused to a second process, naming the first, until a kill -9 frees it', async () => {
    const path = join(room, 'held')
    const first = compiled.run(HOLD, path)
    await first.line('held')
    const refused = await open(path).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(StoreUnfit)
    expect((refused as StoreUnfit).faults[0]).toContain(
      `${path} is in use by another process (pid ${first.child.pid})`,
    )
    expect(await compiled.run(HOLD, path).line('refused')).toContain('STORE_UNFIT')
    first.child.kill('SIGKILL')
    await first.ended
    const store = await open(path)
    expect(await putOne(store, freshKeys()('a'), '1')).toBe(true)
    expect(readdirSync(path).filter((name) => name.startsWith('holder-'))).toHaveLength(1)
  })

  test('is refused while the process that holds it is stopped', async () => {
    const path = join(room, 'stopped')
    const first = compiled.run(HOLD, path)
    await first.line('held')
    first.child.kill('SIGSTOP')
    await expect(open(path)).rejects.toThrow(`pid ${first.child.pid}`)
    first.child.kill('SIGKILL')
    await first.ended
    await open(path)
  })

  test('of many processes that start at once exactly one gets it', async () => {
    for (let round = 0; round < 3; round++) {
      const path = join(room, `race-${round}`)
      const runs = Array.from({ length: 5 }, () => compiled.run(HOLD, path))
      const lines = await Promise.all(
        runs.map((run) => Promise.race([run.line('held'), run.line('refused')])),
      )
      expect(lines.filter((line) => line === 'held')).toHaveLength(1)
      for (const { child, ended } of runs) {
        child.kill('SIGKILL')
        await ended
      }
    }
  })

  test('of many that start at once in one process exactly one gets it', async () => {
    for (let round = 0; round < 20; round++) {
      const path = join(room, `race-inside-${round}`)
      const tries = await Promise.allSettled(Array.from({ length: 5 }, () => open(path)))
      expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    }
  })

  test('may have a path longer than a socket can have', async () => {
    const path = join(room, 'long'.repeat(20), 'long'.repeat(20))
    const store = await open(path)
    expect(await compiled.run(HOLD, path).line('refused')).toContain(`pid ${process.pid}`)
    await store.close()
    expect(readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb'])
    await open(path)
  })

  test('has everything that was acknowledged before a kill -9', async () => {
    const path = join(room, 'killed')
    for (let round = 0; round < 3; round++) {
      const writer = compiled.run(COMMIT_FOR_EVER, path)
      await eventually(
        () => writer.lines.length,
        (length) => length > 300,
      )
      writer.child.kill('SIGKILL')
      await writer.ended
      const store = await openEmbedded({ path })
      const entries = await store.read(writer.lines as Key[])
      expect(entries.map((entry) => entry?.value)).toEqual(writer.lines)
      const members = new Set(await store.list('{t}index' as Key, { limit: 1e6 }))
      const items = new Set(
        (await store.tail('{t}log' as Key, undefined, 1e6)).map(({ item }) => item),
      )
      expect(writer.lines.every((key) => members.has(key) && items.has(key))).toBe(true)
      expect(items.size).toBe(members.size)
      await store.close()
    }
  })

  const canMount = (): boolean => {
    const path = join(tmpdir(), `latchkey-mount-${process.pid}`)
    try {
      mkdirSync(path)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' })
      execFileSync('umount', [path])
      return true
    } catch {
      return false
    } finally {
      rmSync(path, { recursive: true, force: true })
    }
  }
  const testFull = canMount()
    ? test
    : (name: string, run: () => Promise<void>) =>
        test.skip(`${name} (skipped: needs the right to mount a tmpfs)`, run)

  testFull(
    'on a full disk refuses commits whole, says so to a ping, and works again with room',
    async () => {
      const mount = join(room, 'full')
      mkdirSync(mount)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mount])
      try {
        const run = compiled.run(FILL_UP, join(mount, 'd'))
        expect(await run.line('full')).toBe('full STORE_DOWN')
        expect(await run.line('ping')).toBe('ping STORE_DOWN')
        expect(await run.line('refused')).toBe('refused [null,null,false]')
        expect(await run.line('kept')).toBe('kept 1000')
        execFileSync('mount', ['-o', 'remount,size=8m', mount])
        run.child.stdin?.end()
        expect(await run.line('again')).toBe('again true')
        expect(await run.ended).toBe(0)
      } finally {
        execFileSync('umount', ['-l', mount])
      }
    },
  )
})
