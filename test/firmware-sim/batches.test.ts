import { expect, test } from '@jest/globals'
import { inBatches } from '../../firmware-sim/gateway.ts'

const children = Array.from({ length: 5 }, (_, index) => ({ device: `d${index}` }))

test('a batch never has more items than the platform takes', () => {
  const sizes = inBatches(children, { items: 2, bytes: 1000 }).map((batch) => batch.length)
  expect(sizes).toEqual([2, 2, 1])
})

test('a batch never has more bytes than the platform takes, but always an item', () => {
  const sizes = inBatches(children, { items: 100, bytes: 70 }).map((batch) => batch.length)
  expect(sizes).toEqual([2, 2, 1])
  expect(inBatches(children, { items: 100, bytes: 1 })).toHaveLength(5)
})

test('batches keep every child and its order', () => {
  expect(inBatches(children, { items: 2, bytes: 1000 }).flat()).toEqual(children)
})
