import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { FEED_CHANNEL, happened } from '../../shared/delivery/feed.ts'
import { createFollower } from '../../shared/delivery/follower.ts'
import { silentLog } from '../../shared/log.ts'
import { keys } from '../../shared/store/keys.ts'
import type { Logged } from '../../shared/store/port.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newProject } from '../support/people.ts'
import { watchStore } from '../support/watched-store.ts'

const suite = (ground: () => Ground) => {
  const newFollower = async () => {
    const store = watchStore(ground().store)
    const { id: project } = await newProject(ground().parts)
    const told: string[] = []
    let hear: () => void = () => undefined
    const follower = createFollower({
      ...{ store, log: silentLog, channel: FEED_CHANNEL, logOf: keys.events },
      onLine: (_project, { item }: Logged) => {
        told.push(JSON.parse(item).data.eventType)
        hear()
      },
    })
    const stop = await follower.start()
    const say = (eventType: string) => {
      const news = { at: Date.now(), type: 'home.event' as const, data: { eventType } }
      return store.commit({ append: happened(project, news, randomUUID()) })
    }
    /** Resolves when the follower has heard the wake-up, too: it listened before. */
    const wake = async () => {
      const heard = new Promise<void>((resolve) => {
        void store
          .watch(FEED_CHANNEL, () => resolve())
          .then(() => store.announce(FEED_CHANNEL, project))
      })
      await heard
    }
    const next = () =>
      new Promise<void>((resolve) => {
        hear = resolve
      })
    return { store, project, told, follower, stop, say, wake, next }
  }

  test('a log that everybody left while the first one came is read no longer', async () => {
    const { store, project, follower, stop, wake } = await newFollower()
    const { reached, release } = store.hold('last')
    const followed = follower.follow(project)
    await reached
    follower.leave(project)
    release()
    await followed
    const before = store.calls('tail')
    await wake()
    expect(store.calls('tail')).toBe(before)
    await stop()
  })

  test('who leaves while another one comes does not take it along', async () => {
    const { store, project, follower, stop, say, wake, told, next } = await newFollower()
    const { reached, release } = store.hold('last')
    const first = follower.follow(project)
    await reached
    follower.leave(project)
    const second = follower.follow(project)
    release()
    await Promise.all([first, second])
    const came = next()
    await say('later')
    await wake()
    await came
    expect(told).toEqual(['later'])
    await stop()
  })

  test('what was said while nobody cared is not told to who comes again', async () => {
    const { store, project, follower, stop, say, wake, told, next } = await newFollower()
    await follower.follow(project)
    await say('while somebody cared')
    const { reached, release } = store.hold('tail')
    await wake()
    await reached
    follower.leave(project)
    await say('while nobody cared')
    await follower.follow(project)
    const came = next()
    release()
    await say('later')
    await wake()
    await came
    expect(told).toEqual(['later'])
    await stop()
  })
}

onEachGround(suite)
