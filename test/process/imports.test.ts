import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { signIn } from '../support/api.ts'
import { resultsOf, sendFile, whenDone } from '../support/imports.ts'
import { folder, startProcess } from '../support/process.ts'

const ROWS = 12_000

/** Until some of the rows are stored, and not yet all of them. */
const untilBegun = async (maker: Awaited<ReturnType<typeof signIn>>, location: string) => {
  for (let looks = 0; looks < 1000; looks++) {
    const { body } = await maker.get(location)
    if (body.rows > 0) return body
    await sleep(5)
  }
  throw new Error('the import never begins')
}

test('an import goes on after kill -9: every row once, with its credential', async () => {
  const { path, drop } = folder()
  const first = await startProcess(path)
  const before = await signIn(first.httpUrl)
  const rows = Array.from({ length: ROWS }, (_, n) => ({ name: `device-${n}` }))
  const sent = await sendFile(first.httpUrl, before, rows, { query: '?boxKeys=generate' })
  const location = sent.headers.get('location') ?? ''
  const begun = await untilBegun(before, location)
  first.kill('SIGKILL')
  await first.exited
  expect(begun).toMatchObject({ state: 'running' })
  expect(begun.rows).toBeLessThan(ROWS)

  const second = await startProcess(path)
  const maker = await signIn(second.httpUrl)
  const { body } = await whenDone(maker, location)
  expect(body).toMatchObject({ state: 'done', rows: ROWS, created: ROWS, updated: 0, failed: 0 })
  const results = await resultsOf(maker, location)
  expect(results.map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
  expect(new Set(results.map(({ token }) => token)).size).toBe(ROWS)
  expect(new Set(results.map(({ boxKey }) => boxKey)).size).toBe(ROWS)
  second.kill('SIGTERM')
  expect(await second.exited).toBe(0)
  drop()
}, 90_000)
