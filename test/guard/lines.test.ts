import { expect, test } from '@jest/globals'
import { createLines } from '../../shared/guard/lines.ts'

/** A look whose answers are given by hand. */
const byHand = () => {
  const asked: ((left: number) => void)[] = []
  const look = () =>
    new Promise<{ left: number }>((resolve) => asked.push((left) => resolve({ left })))
  const answer = (left: number) => asked.shift()?.(left)
  return { look, answer, asked }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

const fixed = (left: number) => async () => ({ left })

test('as many are in at once as may still go wrong', async () => {
  const { enter } = createLines(10)
  const [first, second] = [await enter('a', fixed(2)), await enter('a', fixed(2))]
  let third: unknown
  const waits = enter('a', fixed(2)).then((entry) => {
    third = entry
    return entry
  })
  await settled()
  expect([first.kind, second.kind, third]).toEqual(['in', 'in', undefined])
  if (first.kind === 'in') first.leave()
  expect((await waits).kind).toBe('in')
})

test('of many who look at once no more get in than may go wrong', async () => {
  const { enter } = createLines(1000)
  const looks: (() => void)[] = []
  const together = () =>
    new Promise<{ left: number }>((resolve) => looks.push(() => resolve({ left: 20 })))
  let inside = 0
  for (let i = 0; i < 100; i++)
    void enter('a', together).then(({ kind }) => {
      if (kind === 'in') inside += 1
    })
  for (const look of looks) look()
  await settled()
  expect(inside).toBe(20)
})

test('who has looked before another went wrong looks again', async () => {
  const { enter } = createLines(10)
  const { look, answer, asked } = byHand()
  const first = await enter('a', fixed(1))
  const second = enter('a', look)
  if (first.kind === 'in') first.leave()
  // What was so when it looked.
  answer(1)
  await settled()
  expect(asked).toHaveLength(1)
  answer(0)
  expect(await second).toEqual({ kind: 'none-left', look: { left: 0 } })
})

test('who has looked before another was right gets in', async () => {
  const { enter } = createLines(10)
  const { look, answer } = byHand()
  const first = await enter('a', fixed(1))
  const second = enter('a', look)
  if (first.kind === 'in') first.leave()
  answer(1)
  await settled()
  answer(1)
  expect((await second).kind).toBe('in')
})

test('nobody waits for ever when nothing is left, the store is down, or the line is full', async () => {
  const { enter } = createLines(2)
  const first = await enter('a', fixed(1))
  let left = 1
  const look = async () => {
    if (left < 0) throw new Error('down')
    return { left }
  }
  const waiting = [enter('a', look), enter('a', look)]
  await settled()
  expect((await enter('a', look)).kind).toBe('full')
  left = 0
  if (first.kind === 'in') first.leave()
  expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(['none-left', 'none-left'])
  left = -1
  await expect(enter('a', look)).rejects.toThrow('down')
  expect((await enter('a', fixed(1))).kind).toBe('in')
})

test('lines of others are none of anybody’s business', async () => {
  const { enter } = createLines(1)
  expect((await enter('a', fixed(1))).kind).toBe('in')
  expect((await enter('b', fixed(1))).kind).toBe('in')
})
