import { expect, test } from '@jest/globals'
import type { DeviceId } from '../../shared/model/ids.ts'
import { createDeviceNames } from '../../shared/registry/device-names.ts'
import { createNaming } from '../../shared/registry/naming.ts'
import { keys } from '../../shared/store/keys.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newDevice, newProject } from '../support/people.ts'

const NAMES = Array.from({ length: 25 }, (_, place) => `unit-${String(place).padStart(2, '0')}`)

/** A project as it was before there was an order of names. */
const olderProject = async ({ parts, store }: Ground) => {
  const { id: project } = await newProject(parts)
  const ids: DeviceId[] = []
  for (const name of NAMES) ids.push((await newDevice(parts, project, { name })).device.id)
  const index = keys.deviceNames(project)
  const members = await store.list(index, { limit: 1000 })
  expect(members).toHaveLength(NAMES.length)
  await store.commit({
    remove: [keys.named(project)],
    drop: members.map((member) => ({ index, member })),
  })
  const names = async () => {
    const { items } = await parts.registry.fleet.list(project, { limit: 100 })
    return items.map(({ device }) => device.name)
  }
  return { project, ids, names }
}

onEachGround((ground) => {
  test('the names of an older store are put in order, in steps that any node goes on with', async () => {
    const { store } = ground()
    const { project, names } = await olderProject(ground())
    expect(await names()).toEqual([])
    expect(await createNaming({ store }, 10).step(project)).toBe(false)
    expect(await names()).toHaveLength(10)
    // Another node, after the first one has died.
    expect(await createNaming({ store }, 10).run()).toBe(true)
    expect(await names()).toEqual(NAMES)
    expect(await createNaming({ store }, 10).step(project)).toBe(true)
  })

  test('devices that are made, renamed and removed meanwhile are there once, or not at all', async () => {
    const { store, parts } = ground()
    const { project, ids } = await olderProject(ground())
    const { devices } = parts.registry
    await Promise.all([
      createNaming({ store }, 4).run(),
      newDevice(parts, project, { name: 'new' }),
      ...ids.slice(0, 12).map((id) => devices.remove(project, id)),
    ])
    const left = await devices.list(project, undefined, 100)
    const named = await createDeviceNames({ store }).list(project, '', undefined, 100)
    expect(named.map(({ id }) => id).sort()).toEqual(left.items.map(({ id }) => id).sort())
    expect(named).toHaveLength(NAMES.length - 12 + 1)
  })

  test('a project of today has nothing to be put in order', async () => {
    const { store, parts } = ground()
    const { id: project } = await newProject(parts)
    const before = await store.read([keys.named(project)])
    expect(before).toEqual([expect.anything()])
    expect(await createNaming({ store }).run()).toBe(true)
    expect(await store.read([keys.named(project)])).toEqual(before)
  })
})
