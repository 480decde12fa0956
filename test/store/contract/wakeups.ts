import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import type { Store } from '../../../shared/store/port.ts'
import { eventually } from './opened.ts'

const heard = () => {
  const messages: string[] = []
  const listener = (message: string): void => {
    messages.push(message)
  }
  const count = (n: number) =>
    eventually(
      () => messages.length,
      (length) => length >= n,
    )
  return { messages, listener, count }
}

/** Announcing and watching. */
export const wakeupsContract = (store: () => Store): void => {
  test('a watcher hears what is announced on its channel, and nothing else', async () => {
    const [channel, other] = [randomUUID(), randomUUID()]
    const ear = heard()
    const unwatch = await store().watch(channel, ear.listener)
    await store().announce(other, 'not for us')
    for (const message of ['1', '', 'ünï\n{}\0']) await store().announce(channel, message)
    await ear.count(3)
    // In any order: on a cluster each message may go through another node.
    expect([...ear.messages].sort()).toEqual(['', '1', 'ünï\n{}\0'])
    await unwatch()
  })

  test('all watchers of a channel hear it, and a listener that throws harms no other', async () => {
    const channel = randomUUID()
    const [first, second] = [heard(), heard()]
    const ends = [
      await store().watch(channel, first.listener),
      await store().watch(channel, () => {
        throw new Error('this listener throws')
      }),
      await store().watch(channel, second.listener),
      await store().watch(channel, second.listener),
    ]
    await store().announce(channel, 'x')
    await Promise.all([first.count(1), second.count(2)])
    expect([first.messages, second.messages]).toEqual([['x'], ['x', 'x']])
    for (const end of ends) await end()
  })

  test('a watcher is called after announce was called, not inside of it', async () => {
    const channel = randomUUID()
    const ear = heard()
    const unwatch = await store().watch(channel, ear.listener)
    const announced = store().announce(channel, 'x')
    expect(ear.messages).toEqual([])
    await announced
    await ear.count(1)
    expect(ear.messages).toEqual(['x'])
    await unwatch()
  })

  test('after unwatch, also called twice, nothing more is heard, and the others still hear', async () => {
    const channel = randomUUID()
    const [gone, stays] = [heard(), heard()]
    const unwatch = await store().watch(channel, gone.listener)
    const end = await store().watch(channel, stays.listener)
    await unwatch()
    await unwatch()
    await store().announce(channel, 'x')
    await stays.count(1)
    expect(gone.messages).toEqual([])
    await end()
    const again = await store().watch(channel, gone.listener)
    await store().announce(channel, 'y')
    await gone.count(1)
    expect([gone.messages, stays.messages]).toEqual([['y'], ['x']])
    await again()
  })

  test('announcing where nobody watches is no mistake', async () => {
    await expect(store().announce(randomUUID(), 'x')).resolves.toBeUndefined()
  })
}
