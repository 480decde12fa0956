import { expect, test } from '@jest/globals'
import { audienceOf } from '../../gateway/audience.ts'
import { createEndings } from '../../shared/registry/endings.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newHome, newProject, newUser } from '../support/people.ts'

const suite = (ground: () => Ground) => {
  test('a home that has ended is heard no more, though its places are not cleared away yet', async () => {
    const { parts, store } = ground()
    const { id: project } = await newProject(parts)
    const ann = await newUser(parts, { project })
    const [one, other] = [await newHome(parts, ann, 'one'), await newHome(parts, ann, 'other')]
    const homes = async () => {
      const audience = await audienceOf({ store }, ann)
      return audience.kind === 'some' ? [...audience.homes].sort() : audience.kind
    }
    expect(await homes()).toEqual([ann.home, one.id, other.id].sort())
    // The first commit, and then a crash.
    const endings = createEndings({ store, now: Date.now } as Parameters<typeof createEndings>[0])
    const end = { project, home: one.id, by: ann.id, via: 'test' }
    expect(await endings.home(end)).toBe('ended')
    expect(await homes()).toEqual([ann.home, other.id].sort())
  })
}

onEachGround(suite)
