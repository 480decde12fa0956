import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { StoreDown } from '../../shared/errors.ts'
import type { ImportsContext } from '../../shared/imports/context.ts'
import { createImports } from '../../shared/imports/index.ts'
import { keepImporting } from '../../shared/imports/keep-importing.ts'
import { createWork } from '../../shared/imports/work.ts'
import { silentLog } from '../../shared/log.ts'
import type { UserId } from '../../shared/model/ids.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Change, Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'

let folder: string
let store: Store
let parts: Parts

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-imports-'))
  store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  parts = await partsOn(store)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

let ids = 0
const contextOn = (on: Store): ImportsContext => ({
  store: on,
  digests: parts.digests,
  devices: parts.registry.devices,
  log: silentLog,
  now: parts.now,
  newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
})

const ROWS = 1050

/** A file of devices that waits to be worked on. */
const waiting = async (rows = ROWS) => {
  const { project } = parts
  const imports = createImports(contextOn(store))
  const file = async function* () {
    for (let n = 0; n < rows; n++) yield Buffer.from(`{"name":"device-${n}"}\n`)
  }
  const spool = await imports.spools.write(project, file())
  if (spool === 'too-large') throw new Error('too large')
  const user = 'somebody' as UserId
  const made = await imports.create({ project, user, format: 'ndjson', generates: true, spool })
  if (made === 'too-many') throw new Error('too many')
  return { imports, id: made.id, project, spool }
}

/** The same store, with something that happens instead of a commit that writes progress, or after it. */
const storeWith = (instead: (change: Change, commits: number) => Promise<boolean>): Store => {
  let commits = 0
  const commit = (change: Change) => {
    if ((change.append ?? []).length === 0) return store.commit(change)
    commits += 1
    return instead(change, commits)
  }
  return new Proxy(store, {
    get: (target, name) => (name === 'commit' ? commit : Reflect.get(target, name)),
  })
}

const never = new AbortController().signal

/** Every device once, and every row counted once. */
const expectAll = async ({ imports, id, project }: Awaited<ReturnType<typeof waiting>>) => {
  const operation = await imports.get(project, id)
  expect(operation).toMatchObject({
    state: 'done',
    rows: ROWS,
    created: ROWS,
    unchanged: 0,
    failed: 0,
  })
  const results = []
  for await (const one of imports.results(operation as NonNullable<typeof operation>))
    results.push(one)
  expect(results.map(({ line }) => line)).toEqual(Array.from({ length: ROWS }, (_, n) => n + 1))
  for (const { token } of results.slice(0, 5)) {
    const device = await parts.registry.devices.findByToken(token ?? '')
    expect(device?.name).toMatch(/^device-/)
  }
  const names = new Set<string>()
  let after: string | undefined
  do {
    const page = await parts.registry.devices.list(project, after, 500)
    for (const { name } of page.items) names.add(name)
    after = page.next
  } while (after !== undefined)
  expect(names.size).toBe(ROWS)
  expect(await imports.openIn(project)).toEqual([])
}

test('what was stopped in the middle goes on where it was, on any node, at once', async () => {
  const file = await waiting()
  const stop = new AbortController()
  const first = storeWith(async (change, commits) => {
    if (commits === 4) stop.abort()
    return store.commit(change)
  })
  await createWork(contextOn(first), 'first').run(file.project, file.id, stop.signal)
  expect(await file.imports.get(file.project, file.id)).toMatchObject({
    rows: 400,
    state: 'running',
  })
  expect(await createWork(contextOn(store), 'second').run(file.project, file.id, never)).toBe(true)
  await expectAll(file)
})

test('a node that dies with a commit that was applied, or was not, leaves nothing twice and nothing out', async () => {
  for (const isApplied of [true, false]) {
    const file = await waiting()
    const dying = storeWith(async (change, commits) => {
      if (commits < 3) return store.commit(change)
      if (isApplied) await store.commit(change)
      throw new StoreDown('gone')
    })
    const dead = createWork(contextOn(dying), 'dead').run(file.project, file.id, never)
    await expect(dead).rejects.toThrow(StoreDown)
    const other = createWork(contextOn(store), 'other')
    // The dead one may only be slow.
    expect(await other.run(file.project, file.id, never)).toBe(false)
    parts.clock.now += 30_000
    expect(await other.run(file.project, file.id, never)).toBe(true)
    await expectAll(file)
    for (;;) {
      const { items } = await parts.registry.devices.list(file.project, undefined, 500)
      if (items.length === 0) break
      for (const { id } of items) await parts.registry.devices.remove(file.project, id)
    }
  }
})

test('a node that lost its import to another one does no more of it', async () => {
  const file = await waiting()
  const other = createWork(contextOn(store), 'other')
  const slow = storeWith(async (change, commits) => {
    if (commits === 3) {
      parts.clock.now += 30_000
      await other.run(file.project, file.id, never)
    }
    return store.commit(change)
  })
  expect(await createWork(contextOn(slow), 'slow').run(file.project, file.id, never)).toBe(false)
  await expectAll(file)
})

test('a node works on what was left by the ones before it, without being told', async () => {
  const file = await waiting()
  const end = await keepImporting(contextOn(store))
  try {
    for (let looks = 0; (await file.imports.openIn(file.project)).length > 0; looks++) {
      if (looks > 1000) throw new Error('it never ends')
      await sleep(10)
    }
  } finally {
    await end()
  }
  await expectAll(file)
})

test('a fourth import of a project waits outside until one is done', async () => {
  const { imports, project, spool, id } = await waiting(10)
  const another = () =>
    imports.create({ project, user: 'somebody' as UserId, format: 'csv', generates: false, spool })
  const made = await Promise.all([another(), another(), another(), another()])
  expect(made.filter((one) => one === 'too-many')).toHaveLength(2)
  expect(await imports.hasRoom(project)).toBe(false)
  await createWork(contextOn(store), 'node').run(project, id, never)
  expect(await imports.hasRoom(project)).toBe(true)
})

test('a file lies sealed in the store, and goes with its import', async () => {
  const file = await waiting(10)
  const pieces = async () => {
    const found = []
    for await (const piece of file.imports.spools.read(file.spool)) found.push(piece)
    return Buffer.concat(found).toString()
  }
  expect(await pieces()).toContain('device-9')
  await createWork(contextOn(store), 'node').run(file.project, file.id, never)
  await expect(pieces()).rejects.toThrow()
})

test('a file that is not there any more ends its import with a fault', async () => {
  const file = await waiting(10)
  await file.imports.spools.remove(file.spool)
  await createWork(contextOn(store), 'node').run(file.project, file.id, never)
  const operation = await file.imports.get(file.project, file.id)
  expect(operation).toMatchObject({ state: 'done', rows: 1, failed: 1 })
})

test('a device that is claimed while an import changes it keeps its owner', async () => {
  const file = await waiting(1)
  await createWork(contextOn(store), 'node').run(file.project, file.id, never)
  const before = await parts.registry.devices.findByName(file.project, 'device-0')
  if (before === undefined) throw new Error('no device')
  const spool = await file.imports.spools.write(
    file.project,
    (async function* () {
      yield Buffer.from('{"name":"device-0","tag":"new"}')
    })(),
  )
  if (spool === 'too-large') throw new Error('too large')
  const made = await file.imports.create({
    ...{
      project: file.project,
      user: 'somebody' as UserId,
      format: 'ndjson',
      generates: false,
      spool,
    },
  })
  if (made === 'too-many') throw new Error('too many')
  const racing = storeWith(async (change, commits) => {
    if (commits === 1)
      await parts.registry.devices.change(file.project, before.id, (device) => ({
        ...device,
        epoch: 1,
      }))
    return store.commit(change)
  })
  await createWork(contextOn(racing), 'node').run(file.project, made.id, never)
  expect(await parts.registry.devices.get(file.project, before.id)).toMatchObject({
    epoch: 1,
    tag: 'new',
  })
})
