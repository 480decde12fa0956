import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import type { ProjectId, UserId } from '../../shared/model/ids.ts'
import { keys } from '../../shared/store/keys.ts'
import { onEachGround } from '../support/lasting.ts'
import { newDevice, newProject, newUser } from '../support/people.ts'

const ROUNDS = 40

/** research/security.md S78: what ends while it is being claimed leaves no orphan, whichever comes first. */
onEachGround((ground) => {
  const round = async (
    project: ProjectId,
    end: (device: string, user: UserId) => Promise<unknown>,
  ) => {
    const { parts, store } = ground()
    const { device } = await newDevice(parts, project)
    const user = await newUser({ ...parts, project })
    const secret = randomUUID()
    await parts.engine.offerBoxKey(project, device.id, secret, parts.now() + 60_000)
    const claim = parts.engine.redeemDevice({
      ...{ project, user: user.id, home: user.home, permitted: true, address: 'test' },
      ...{ asked: device.name, device: device.id, secret, via: 'test' },
    })
    const [{ outcome }] = await Promise.all([claim, end(device.id, user.id)])
    await parts.registry.clearing.resume()
    const left = await parts.registry.devices.get(project, device.id)
    const listed = await store.list(keys.homeDevices(project, user.home), { limit: 10 })
    const owner =
      left?.owner === undefined ? undefined : await parts.registry.homes.get(project, left.owner)
    return { outcome, left, listed, owner, user }
  }

  test('a device that is removed while it is claimed is gone, and stands in nobody’s list', async () => {
    const { parts } = ground()
    const { id: project } = await newProject(parts)
    for (let n = 0; n < ROUNDS; n++) {
      const { left, listed } = await round(project, (device) =>
        parts.registry.devices.remove(project, device as never),
      )
      expect([left, listed]).toEqual([undefined, []])
    }
  })

  test('a device that is claimed by an account that ends meanwhile is nobody’s', async () => {
    const { parts } = ground()
    const { id: project } = await newProject(parts)
    for (let n = 0; n < ROUNDS; n++) {
      const { left, listed, owner } = await round(project, (_, user) =>
        parts.registry.clearing.endUser({ project, user }),
      )
      expect(left).toBeDefined()
      // Freed, and not left to a home that is no more.
      expect([left?.owner, owner, listed]).toEqual([undefined, undefined, []])
    }
  })
})
