import { randomUUID } from 'node:crypto'
import type { DeviceId, HomeId, ProjectId, UserId } from '../../shared/model/ids.ts'
import type { PolicyPatch } from '../../shared/model/policy.ts'
import type { Key, Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'

/** An account of a project, with its personal home. */
export type Account = {
  readonly project: ProjectId
  readonly user: UserId
  readonly home: HomeId
}

/** A store in which something happens just before the next commit that expects `key`: after it was read, before it counts. */
export const meanwhile = (store: Store, key: Key, happens: () => Promise<unknown>): Store => {
  let isOver = false
  return {
    ...store,
    commit: async (change) => {
      const counts = change.expect?.some((expected) => expected.key === key) ?? false
      if (counts && !isOver) {
        isOver = true
        await happens()
      }
      return store.commit(change)
    },
  }
}

/** A few nodes on one database, and what tests of codes and tokens need of them. */
export const openNodes = async (stores: readonly Store[]) => {
  const parts: Parts[] = []
  for (const store of stores) parts.push(await partsOn(store))
  const node = (place: number) => parts[place % parts.length] as Parts
  const { registry } = node(0)

  const newProject = async (
    policy: PolicyPatch = {},
    provisioning: 'pre' | 'on-demand' = 'pre',
  ): Promise<ProjectId> => {
    const made = await registry.projects.create({
      name: randomUUID(),
      accounts: 'email',
      provisioning,
      policy,
    })
    if (made === 'name-taken') throw new Error('taken')
    return made.id
  }

  const newAccount = async (project: ProjectId): Promise<Account> => {
    const email = `${randomUUID()}@example.com`
    const made = await registry.users.create({ project, email, role: 'customer' })
    if (typeof made === 'string') throw new Error(made)
    return { project, user: made.id, home: made.home }
  }

  const newDevice = async (project: ProjectId): Promise<DeviceId> => {
    const made = await registry.devices.create({ project, name: randomUUID() })
    if (made === 'name-taken') throw new Error('taken')
    return made.device.id
  }

  return {
    store: stores[0] as Store,
    node,
    registry,
    newProject,
    newAccount,
    newDevice,
    getDevice: async (project: ProjectId, id: DeviceId) => {
      const device = await registry.devices.get(project, id)
      if (device === undefined) throw new Error('there is no such device')
      return device
    },
    wait: (ms: number) => {
      for (const { clock } of parts) clock.now += ms
    },
    make: async (who: Account, form: 'native' | 'particle' = 'native', place = 0) => {
      const made = await node(place).engine.makeCode({ ...who, form, via: 'test' })
      if (made.state === 'refused') throw new Error(made.reason)
      return made
    },
    bring: (project: ProjectId, device: DeviceId, code: string, place = 0) =>
      node(place).engine.presentCode({ project, device, code, via: 'test' }),
    look: ({ project, user }: Account, code: string) =>
      node(0).engine.lookAtCode({ project, user, code }),
    release: (project: ProjectId, device: DeviceId, user: UserId) =>
      node(0).engine.releaseDevice({
        project,
        device,
        by: { kind: 'maker', user },
        via: 'test',
      }),
  }
}

export type Nodes = Awaited<ReturnType<typeof openNodes>>
