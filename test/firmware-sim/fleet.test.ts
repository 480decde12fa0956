import { expect, test } from '@jest/globals'
import { inParallel, namesOf, readIdentities } from '../../firmware-sim/fleet.ts'

test('a token file has one token a line, or NDJSON, and empty lines do not count', () => {
  expect(readIdentities('t1\n\n{"name":"lamp","token":"t2","more":1}\r\n')).toEqual([
    { name: undefined, token: 't1' },
    { name: 'lamp', token: 't2' },
  ])
})

test('a line without a token is named by its number, not by its content', () => {
  expect(() => readIdentities('t1\n{"name":"lamp","tokem":"geheim"}')).toThrow(
    'line 2 of the token file has no token',
  )
})

test('names are as wide as the largest number', () => {
  expect(namesOf('sim-', 10).slice(8)).toEqual(['sim-09', 'sim-10'])
})

test('work in parallel keeps its order and never exceeds its width', async () => {
  let now = 0
  let most = 0
  const results = await inParallel([30, 10, 20, 0], 2, async (ms) => {
    now += 1
    most = Math.max(most, now)
    await new Promise((resolve) => setImmediate(resolve))
    now -= 1
    return ms + 1
  })
  expect(results).toEqual([31, 11, 21, 1])
  expect(most).toBe(2)
})
