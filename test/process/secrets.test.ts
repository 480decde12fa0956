import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { startCollector } from '../support/collector.ts'
import { type Marked, markedRun } from '../support/marked-run.ts'
import { folder, startProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'

/** Ended by their tests; by us where a test has failed. */
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

type File = { readonly path: string; readonly mode: number; readonly isFolder: boolean }

/** Everything below a folder. */
const filesBelow = (path: string): File[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => {
    const place = join(path, name)
    const { mode } = statSync(place)
    return { path: place, mode: mode & 0o777, isFolder: statSync(place).isDirectory() }
  })

/** Which of these texts stand in some bytes, as they are or in an encoding that one reads back at once. */
const foundIn = (bytes: Buffer | string, texts: readonly string[]): readonly string[] => {
  const all = Buffer.from(bytes)
  return texts.filter((text) =>
    [
      text,
      encodeURIComponent(text),
      Buffer.from(text).toString('base64').replace(/=+$/, ''),
      Buffer.from(text).toString('base64url'),
      Buffer.from(text).toString('hex'),
    ].some((spelled) => all.includes(spelled)),
  )
}

/** A server at its most talkative that is told a secret wherever one can be told, and what is left of that. */
const talkative = async (store: string, settings: Readonly<Record<string, string>> = {}) => {
  const room = folder()
  const collector = await startCollector()
  closers.push(room.drop, collector.close)
  const password = 'SEKRET-of-the-operator'
  const server = await startProcess(room.path, {
    ...{ LATCHKEY_STORE: store, LATCHKEY_LOG_LEVEL: 'trace' },
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    // The address answers nobody: every message fails, and that is told.
    LATCHKEY_SMS: `http://user:${password}@127.0.0.1:9/sms`,
    ...settings,
  })
  closers.push(() => server.kill('SIGKILL'))
  const marked = await markedRun(server)
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text()
  const end = async () => {
    server.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    return server.said()
  }
  const traces = () => collector.posts.map(({ text }) => text).join('\n')
  return { room, marked, metrics, traces, end, password }
}

type Talk = Awaited<ReturnType<typeof talkative>>

/** research/security.md S131. */
const expectSilence = async ({ marked, metrics, traces, end, password }: Talk): Promise<void> => {
  const { out, err } = await end()
  const { secrets, contents, refusals, operations } = marked
  // There was something to be told.
  expect(operations).toBeGreaterThan(80)
  expect(refusals.length).toBeGreaterThan(30)
  expect(out.split('\n').length).toBeGreaterThan(1)
  const all = [...secrets, ...contents, password]
  for (const [where, text] of Object.entries({ out, err, metrics, traces: traces() }))
    expect([where, foundIn(text, all)]).toEqual([where, []])
  // A mistake is answered without what was wrong.
  expect(foundIn(refusals.join('\n'), secrets)).toEqual([])
}

/** research/security.md S125. */
const atRest = (path: string, { secrets }: Marked): readonly (readonly string[])[] =>
  filesBelow(path).flatMap(({ path: place, isFolder }) => {
    if (isFolder) return []
    const found = foundIn(readFileSync(place), secrets)
    return found.length === 0 ? [] : [[place, ...found]]
  })

test('no secret leaves a server on an embedded store, by its words or by its files, and nobody else may read these', async () => {
  const talk = await talkative('embedded:./data/store')
  await expectSilence(talk)
  const data = join(talk.room.path, 'data')
  // A letter is for whoever it is addressed to: it is the one thing that has its token in it.
  rmSync(join(data, 'mail'), { recursive: true })
  expect(atRest(data, talk.marked)).toEqual([])
  expect(filesBelow(data).length).toBeGreaterThan(2)
  // S126.
  for (const { path, mode } of filesBelow(data)) expect([path, mode & 0o077]).toEqual([path, 0])
}, 60_000)

describeWithRedis('a server on Redis', () => {
  test('no secret leaves it, by its words, by what Redis wrote or by what it can dump', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'latchkey-aof-'))
    closers.push(() => rmSync(dir, { recursive: true, force: true }))
    // As it is written, not packed: so that it can be looked through.
    const redis = await startRedis({ dir, args: ['--rdbcompression', 'no'] })
    closers.push(redis.stop)
    const talk = await talkative(redis.url)
    await expectSilence(talk)
    const raw = new Redis(redis.url)
    await raw.save()
    raw.disconnect()
    await redis.stop()
    const files = filesBelow(dir).map(({ path }) => path)
    expect(files.filter((path) => /\.(aof|rdb)$/.test(path)).length).toBeGreaterThan(1)
    expect(atRest(dir, talk.marked)).toEqual([])
  }, 60_000)
})
