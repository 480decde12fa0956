import { describe, expect, test } from '@jest/globals'
import type { DeviceId } from '../../shared/model/ids.ts'
import type { User } from '../../shared/model/records.ts'
import { createEndings } from '../../shared/registry/endings.ts'
import { keys } from '../../shared/store/keys.ts'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newDevice, newHome, newProject, newUser } from '../support/people.ts'

const suite = (ground: () => Ground) => {
  const parts = () => ground().parts
  const gone: string[] = []

  const fullHome = async (ada: User) => {
    const { registry } = parts()
    const { project } = ada
    const home = await newHome(parts(), ada)
    const free = await newDevice(parts(), project, { owner: home.id })
    const made = await newDevice(parts(), project, { owner: home.id, provisioned: 'on-demand' })
    const bob = await newUser(parts(), { project, reach: 'project' })
    await registry.members.add(project, home.id, bob.id, 'member')
    const owner = { kind: 'home', project, home: home.id } as const
    await registry.keyValues.set(owner, 'wifi', 'name')
    for (const { device } of [free, made]) {
      const kv = { kind: 'device', project, device: device.id, epoch: 1 } as const
      await registry.keyValues.set(kv, 'volume', 7)
      await registry.attributes.save(project, device.id, 'SHARED_SCOPE', new Map([['a', 1]]))
    }
    return { home, free, made, bob }
  }

  test('a home that ends frees what was there before and ends what was made for it', async () => {
    const { registry } = parts()
    const { id: project } = await newProject(parts())
    const ada = await newUser(parts(), { project, reach: 'project' })
    const { home, free, made, bob } = await fullHome(ada)
    const end = { project, home: home.id, by: ada.id, via: 'test' }
    expect(await registry.clearing.endHome(end)).toBe('ended')
    expect(await registry.clearing.endHome(end)).toBe('unknown')
    const device = await registry.devices.findByToken(free.token)
    expect(device).toMatchObject({ id: free.device.id, epoch: 2 })
    expect(device?.owner).toBeUndefined()
    expect(await registry.devices.findByToken(made.token)).toBeUndefined()
    expect(await registry.members.isMember(project, home.id, ada.id)).toBe(false)
    expect(await registry.members.homesOf(bob)).toEqual([bob.home])
    expect(await ground().store.list(keys.endings(project), { limit: 10 })).toEqual([])
    gone.push(home.id, made.device.id, String(home.number))
  })

  test('a personal home does not end without its user', async () => {
    const ada = await newUser(parts())
    const end = { project: ada.project, home: ada.home, by: ada.id, via: 'test' }
    expect(await parts().registry.clearing.endHome(end)).toBe('personal')
  })

  test('a user who ends is signed out at once, and takes along what only he has', async () => {
    const { registry } = parts()
    const { id: project } = await newProject(parts())
    const email = 'ada.ends@example.com'
    const ada = await newUser(parts(), { project, email })
    const { home, free, bob } = await fullHome(ada)
    const alone = await newHome(parts(), ada, 'alone')
    const left = await newDevice(parts(), project, { owner: alone.id })
    const personal = await newDevice(parts(), project, { owner: ada.home })
    const signedIn = await registry.sessions.open(ada)
    const { token } = await registry.sessions.issue(signedIn, 'access', 60_000)
    expect(await registry.sessions.check(token)).toBeDefined()
    expect(await registry.clearing.endUser({ project, user: ada.id })).toBe('ended')
    expect(await registry.sessions.check(token)).toBeUndefined()
    expect(await registry.users.findByEmail(email)).toBeUndefined()
    expect(await registry.users.findByEmail(email, project)).toBeUndefined()
    // Whoever is left in a home owns it.
    expect(await registry.members.roleOf(project, home.id, bob.id)).toBe('owner')
    expect((await registry.devices.findByToken(free.token))?.owner).toBe(home.id)
    for (const one of [left, personal])
      expect(await registry.devices.findByToken(one.token)).toMatchObject({ epoch: 2 })
    expect(await registry.homes.get(project, alone.id)).toBeUndefined()
    expect(await newUser(parts(), { email })).toMatchObject({ email })
    gone.push(ada.id, ada.home, alone.id, String(ada.number))
  })

  test('who lives in a home that the maker named ends with it', async () => {
    const { registry } = parts()
    const { id: project } = await newProject(parts())
    const home = await registry.homes.create(project, 'the customer')
    if (home === 'name-taken') throw new Error('taken')
    const ann = await newUser(parts(), { project, home: home.id })
    const end = { project, home: home.id, by: ann.id, via: 'test' }
    expect(await registry.clearing.endHome(end)).toBe('ended')
    expect(await registry.users.get({ project, user: ann.id })).toBeUndefined()
    expect(await registry.homes.create(project, 'the customer')).toMatchObject({ project })
    gone.push(home.id, ann.id, ann.email ?? '')
  })

  test('what a crash has left over is cleared away by the next look', async () => {
    const { registry } = parts()
    const { store } = ground()
    const { id: project } = await newProject(parts())
    const ada = await newUser(parts(), { project, reach: 'project' })
    const home = await newHome(parts(), ada)
    const devices: DeviceId[] = []
    for (let i = 0; i < 120; i += 1) {
      const { device } = await newDevice(parts(), project, { owner: home.id })
      devices.push(device.id)
    }
    // The first commit, and then nothing more.
    const endings = createEndings({ store, now: Date.now } as Parameters<typeof createEndings>[0])
    const end = { project, home: home.id, by: ada.id, via: 'test' }
    expect(await endings.home(end)).toBe('ended')
    expect(await registry.members.isMember(project, home.id, ada.id)).toBe(false)
    expect((await registry.devices.get(project, devices[0] as DeviceId))?.owner).toBe(home.id)
    await Promise.all([registry.clearing.resume(), registry.clearing.resume()])
    for (const id of devices) {
      const device = await registry.devices.get(project, id)
      expect(device).toMatchObject({ epoch: 2 })
      expect(device?.owner).toBeUndefined()
    }
    gone.push(home.id)
  })

  describe('a project', () => {
    test('that ends takes everything along, and its name is free again', async () => {
      const { registry } = parts()
      const project = await newProject(parts())
      const { id } = project
      const ada = await newUser(parts(), { project: id, email: 'ada.lamps@example.com' })
      const { free } = await fullHome(ada)
      const { key } = await registry.projectKeys.create(id, 'backend')
      const codes = await registry.activationCodes.create(id, 3)
      expect(await registry.projectKeys.find(key)).toMatchObject({ project: id })
      const signedIn = await registry.sessions.open(ada)
      const { token } = await registry.sessions.issue(signedIn, 'access', 60_000)
      expect(await registry.clearing.endProject(id)).toBe('ended')
      expect(await registry.sessions.check(token)).toBeUndefined()
      expect(await registry.projectKeys.find(key)).toBeUndefined()
      expect(await registry.activationCodes.activate(codes[0] as string)).toBeUndefined()
      expect(await registry.devices.findByToken(free.token)).toBeUndefined()
      expect(await registry.projects.find(project.name)).toBeUndefined()
      const wanted = { name: project.name, accounts: 'email', provisioning: 'pre' } as const
      expect(await registry.projects.create(wanted)).toMatchObject({ name: project.name })
      gone.push(id, 'ada.lamps@example.com', String(project.number))
    })

    test('that is the first one stays', async () => {
      expect(await parts().registry.clearing.endProject(parts().project)).toBe('default')
    })
  })

  test('nothing of what has ended lasts in the store', async () => {
    expect(gone.length).toBeGreaterThan(10)
    const [first = ''] = gone
    const left = await ground().lasting('')
    expect(left.length).toBeGreaterThan(20)
    const orphans = left.filter((key) => gone.some((text) => key.includes(text)))
    expect([first !== '', orphans]).toEqual([true, []])
  })
}

onEachGround(suite)
