import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { NATIVE_WINDOW } from '../../broker/dialects/native-window.ts'
import type { DeviceId } from '../../shared/model/ids.ts'
import type { Device, Home, Project, User } from '../../shared/model/records.ts'
import { updateDevice } from '../../shared/registry/update-device.ts'
import { keys } from '../../shared/store/keys.ts'
import type { Key } from '../../shared/store/port.ts'
import { put, readOne } from '../../shared/store/transact.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newDevice, newHome, newProject, newUser } from '../support/people.ts'

/** What a program of a later version has written: ours does not know it, and must not lose it. */
const LATER = { later: { since: 2, words: ['a'] } }

onEachGround((ground) => {
  const extend = async (key: Key): Promise<void> => {
    const { value } = await readOne<object>(ground().store, key)
    await ground().store.commit({ put: [put(key, { ...value, ...LATER })] })
  }
  const keeps = async <T>(key: Key, changes: Partial<T>): Promise<void> => {
    const { value } = await readOne<T>(ground().store, key)
    expect(value).toMatchObject({ ...LATER, ...changes })
  }

  const scene = async ({ parts }: Ground) => {
    const project = await newProject(parts)
    const user = await newUser({ ...parts, project: project.id })
    const { device } = await newDevice(parts, project.id)
    const key = keys.device(project.id, device.id)
    await extend(key)
    return { ...parts, project: project.id, user, device: device.id, key }
  }
  const via = 'latchkey'

  test('a device keeps them through window, claim, release, claim mode, name, certificate and credential', async () => {
    const { engine, registry, project, user, device, key } = await scene(ground())
    const at = { project, device, via }
    await engine.offerWindow({ ...at, secret: 'x', durationMs: 60_000, rule: NATIVE_WINDOW })
    await keeps<Device>(key, { window: expect.anything() as never })
    const claim = {
      ...at,
      user: user.id,
      home: user.home,
      permitted: true,
      address: '::',
      asked: '',
    }
    const { outcome } = await engine.redeemDevice({ ...claim, secret: 'x' })
    expect(outcome.state).toBe('claimed')
    await keeps<Device>(key, { owner: user.home, epoch: 1 })
    await engine.releaseDevice({ ...at, by: { kind: 'maker', user: user.id } })
    await keeps<Device>(key, { epoch: 2 })
    await engine.setClaimMode({ ...at, mode: { kind: 'on' } })
    await keeps<Device>(key, { claimMode: expect.anything() as never })
    await engine.setClaimMode({ ...at, mode: { kind: 'off' } })
    const name = randomUUID()
    await updateDevice({ store: ground().store, now: Date.now }, project, device, (present) => ({
      ...present,
      name,
    }))
    await registry.certificates.set(project, device, 'ab'.repeat(32))
    await registry.credentials.renew(project, device)
    await keeps<Device>(key, { name, certificate: 'ab'.repeat(32), credential: 1 })
  })

  test('a device that a code, a link or a transfer brings to somebody keeps them', async () => {
    const { engine, project, user, device, key } = await scene(ground())
    const made = await engine.makeCode({
      ...{ project, user: user.id, home: user.home, form: 'native', via },
    })
    if (made.state !== 'open') throw new Error('no code')
    await engine.presentCode({ project, device, code: made.code, via })
    await keeps<Device>(key, { owner: user.home, epoch: 1 })
    await engine.releaseDevice({ project, device, by: { kind: 'maker', user: user.id }, via })
    await engine.linkByDevice({ project, device, linkId: 'id', via })
    const half = { project, user: user.id, home: user.home, permitted: true }
    await engine.linkByAccount({ ...half, linkId: 'id', via })
    await keeps<Device>(key, { owner: user.home, epoch: 3 })
  })

  test('an account keeps them through password, grants and sign-out', async () => {
    const { registry, project, user } = await scene(ground())
    const key = keys.user(project, user.id)
    await extend(key)
    const ref = { project, user: user.id }
    await registry.users.setPassword(ref, 'a-good-password')
    await registry.users.setGrant(ref, 'claim-devices', false)
    await registry.sessions.endAll(user)
    await keeps<User>(key, { generation: 2, withheld: ['claim-devices'] })
  })

  test('a home keeps them through its name and its members, a project through its policy', async () => {
    const { parts } = ground()
    const { registry, project, user } = await scene(ground())
    const home = await newHome(parts, user)
    await extend(keys.home(project, home.id))
    await extend(keys.project(project))
    const guest = await newUser({ ...parts, project })
    await registry.homes.rename(project, home.id, 'ours')
    await registry.members.add(project, home.id, guest.id, 'member')
    await registry.members.remove(project, home.id, guest.id)
    await keeps<Home>(keys.home(project, home.id), { title: 'ours' })
    await registry.projects.setPolicy(project, { signUp: false })
    await keeps<Project>(keys.project(project), { policy: { signUp: false } })
  })

  test('what does not know a device is not harmed by a kind of record that nobody knows', async () => {
    const { project, registry } = await scene(ground())
    await ground().store.commit({ put: [{ key: `{${project}}later:1` as Key, value: '{}' }] })
    const { items } = await registry.devices.list(project, undefined, 10)
    expect(items.map(({ id }): DeviceId => id)).toHaveLength(1)
  })
})
