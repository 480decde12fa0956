import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Compiled, compileStore } from '../store/process.ts'

const KEYS = 200
const PAGE = 4096

/** Commits so many keys, one after the other, and waits to be killed. */
const FILL = `
  const [path, keys] = args
  const store = await openEmbedded({ path })
  const value = 'v'.repeat(300)
  for (let n = 0; n < Number(keys); n++)
    await store.commit({ put: [{ key: '{t}k' + n, value }], add: [{ index: '{t}index', member: 'k' + n }] })
  say('filled')
  for await (const _ of process.stdin);`

/** Says how many are there, if it opens at all. */
const COUNT = `
  const [path, keys] = args
  const store = await openEmbedded({ path })
  let there = 0
  for (let n = 0; n < Number(keys); n++)
    if ((await store.read(['{t}k' + n]))[0] !== undefined) there++
  const members = await store.list('{t}index', { limit: 1e6 })
  say('there ' + there + ' ' + members.length)
  await store.close()`

let compiled: Compiled
let room: string

beforeAll(() => {
  compiled = compileStore()
  room = mkdtempSync(join(tmpdir(), 'latchkey-torn-'))
})
afterAll(() => {
  compiled.dispose()
  rmSync(room, { recursive: true, force: true })
})

/** The tree's file, in the folder or the folder's own name. */
const fileOf = (path: string): string =>
  existsSync(join(path, 'data.mdb')) ? join(path, 'data.mdb') : path

test.each([
  ['its last byte', (size: number) => size - 1],
  ['its last three pages', (size: number) => size - 3 * PAGE],
  ['its second half', (size: number) => Math.ceil(size / 2)],
])(
  'a tree that lost %s has all that was acknowledged, or cannot be used, and nothing between',
  async (_words, left) => {
    const path = mkdtempSync(join(room, 'cut-'))
    const writer = compiled.run(FILL, path, String(KEYS))
    await writer.line('filled')
    writer.child.kill('SIGKILL')
    await writer.ended
    const file = fileOf(path)
    truncateSync(file, left(statSync(file).size))
    const reader = compiled.run(COUNT, path, String(KEYS))
    const how = await reader.ended
    // Refused, or ended by the system on a page that is not there: both are loud.
    if (how === 0) expect(reader.lines).toEqual([`there ${KEYS} ${KEYS}`])
    else expect(reader.lines).toEqual([])
  },
)
