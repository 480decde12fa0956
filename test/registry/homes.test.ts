import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { type Ground, onEachGround } from '../support/lasting.ts'
import { newDevice, newHome, newProject, newUser } from '../support/people.ts'

const suite = (ground: () => Ground) => {
  const registry = () => ground().parts.registry

  describe('a home', () => {
    test('has who made it as its owner, and is found by its number', async () => {
      const ada = await newUser(ground().parts)
      const home = await newHome(ground().parts, ada)
      expect(await registry().members.roleOf(ada.project, home.id, ada.id)).toBe('owner')
      expect(await registry().homes.findByNumber(ada.project, home.number)).toEqual(home)
      expect(new Set(await registry().members.homesOf(ada))).toEqual(new Set([ada.home, home.id]))
    })

    test('takes a member once, and knows nobody else', async () => {
      const [ada, bob, eve] = [
        await newUser(ground().parts),
        await newUser(ground().parts),
        await newUser(ground().parts),
      ]
      const { project } = ada
      const { id } = await newHome(ground().parts, ada)
      const { members } = registry()
      expect(await members.add(project, id, bob.id, 'member')).toMatchObject({ role: 'member' })
      expect(await members.add(project, id, bob.id, 'owner')).toBe('member-exists')
      expect(await members.isMember(project, id, bob.id)).toBe(true)
      expect(await members.isMember(project, id, eve.id)).toBe(false)
      expect((await members.list(project, id)).map(({ user }) => user.id)).toEqual([ada.id, bob.id])
    })

    test('takes nobody of another project', async () => {
      const ada = await newUser(ground().parts)
      const other = await newProject(ground().parts)
      const stranger = await newUser(ground().parts, { project: other.id, reach: 'project' })
      const { id } = await newHome(ground().parts, ada)
      expect(await registry().members.add(ada.project, id, stranger.id, 'member')).toBe('unknown')
    })

    test('of two owners who remove each other at once one stays', async () => {
      const { members } = registry()
      for (let round = 0; round < 10; round += 1) {
        const [ada, bob] = [await newUser(ground().parts), await newUser(ground().parts)]
        const { id } = await newHome(ground().parts, ada)
        await members.add(ada.project, id, bob.id, 'owner')
        const removed = await Promise.all([
          members.remove(ada.project, id, ada.id),
          members.remove(ada.project, id, bob.id),
        ])
        expect(removed.sort()).toEqual(['last-owner', 'removed'])
        expect(await members.membershipsOf(ada.project, id)).toHaveLength(1)
      }
    })

    test('keeps who lives in it', async () => {
      const ada = await newUser(ground().parts)
      const removed = await registry().members.remove(ada.project, ada.home, ada.id)
      expect(removed).toBe('last-owner')
    })

    test('has a bounded number of members, and a user of homes', async () => {
      const { members, homes } = registry()
      const project = (await newProject(ground().parts)).id
      const ada = await newUser(ground().parts, { project, reach: 'project' })
      const made = []
      // His personal home counts.
      for (let i = 1; i < 100; i += 1) made.push(await newHome(ground().parts, ada))
      expect(await homes.found(project, ada.id, 'one too many')).toBe('too-many')
      const [home] = made
      for (let i = 1; i < 200; i += 1) {
        const one = await newUser(ground().parts, { project, reach: 'project' })
        const added = await members.add(project, home?.id ?? ada.home, one.id, 'member')
        expect(added).toMatchObject({ user: one.id })
      }
      const last = await newUser(ground().parts, { project, reach: 'project' })
      expect(await members.add(project, home?.id ?? ada.home, last.id, 'member')).toBe('too-many')
    })

    test('lists the devices of all homes of a user, in pages', async () => {
      const ada = await newUser(ground().parts)
      const home = await newHome(ground().parts, ada)
      const wanted = new Set<string>()
      for (const owner of [ada.home, home.id, ada.home, home.id, home.id]) {
        const { device } = await newDevice(ground().parts, ada.project, { owner })
        wanted.add(device.id)
      }
      for (const limit of [1, 2, 3, 5, 6]) {
        const seen: string[] = []
        let after: string | undefined
        do {
          const page = await registry().holdings.list(ada, after, limit)
          expect(page.items.length).toBeLessThanOrEqual(limit)
          seen.push(...page.items.map(({ id }) => id))
          after = page.next
        } while (after !== undefined)
        expect(seen).toHaveLength(wanted.size)
        expect(new Set(seen)).toEqual(wanted)
      }
    })
  })

  describe('an account', () => {
    test('of a user and of customers of two products may have one e-mail', async () => {
      const { users } = registry()
      const email = `${randomUUID()}@example.com`
      const [lamps, pumps] = [await newProject(ground().parts), await newProject(ground().parts)]
      const user = await newUser(ground().parts, { email })
      const ofLamps = await newUser(ground().parts, { project: lamps.id, email, reach: 'project' })
      const ofPumps = await newUser(ground().parts, { project: pumps.id, email, reach: 'project' })
      expect((await users.findByEmail(email.toUpperCase()))?.id).toBe(user.id)
      expect((await users.findByEmail(email, lamps.id))?.id).toBe(ofLamps.id)
      expect((await users.findByEmail(email, pumps.id))?.id).toBe(ofPumps.id)
      const again = { project: lamps.id, email, reach: 'project', role: 'customer' } as const
      expect(await users.create(again)).toBe('name-taken')
      expect(await users.create({ project: pumps.id, email, role: 'maker' })).toBe('name-taken')
    })

    test('that only its project knows is found by nobody else', async () => {
      const { sessions } = registry()
      const { id } = await newProject(ground().parts)
      const email = `${randomUUID()}@example.com`
      const password = 'a-customer-password'
      const made = await newUser(ground().parts, { project: id, email, password, reach: 'project' })
      const address = '127.0.0.1'
      expect(await sessions.signIn(email, password, address)).toEqual({ failed: 'wrong' })
      const default_ = ground().parts.project
      const elsewhere = await sessions.signIn(email, password, address, undefined, default_)
      expect(elsewhere).toEqual({ failed: 'wrong' })
      const there = await sessions.signIn(email, password, address, undefined, id)
      expect(there).toMatchObject({ user: { id: made.id } })
    })

    test('that is not verified cannot sign in, and only who knows the password is told why', async () => {
      const { sessions, users } = registry()
      const email = `${randomUUID()}@example.com`
      const password = 'a-customer-password'
      const user = await newUser(ground().parts, { email, password, unverified: true })
      const wrong = await sessions.signIn(email, 'another-password', '127.0.0.1')
      expect(wrong).toEqual({ failed: 'wrong' })
      const right = await sessions.signIn(email, password, '127.0.0.1')
      expect(right).toEqual({ failed: 'wrong', unverified: true })
      await users.prove({ project: user.project, user: user.id }, {})
      expect(await sessions.signIn(email, password, '127.0.0.1')).toHaveProperty('session')
    })

    test('of a phone number is one in its project, however many ask at once', async () => {
      const { users } = registry()
      const [one, other] = [await newProject(ground().parts), await newProject(ground().parts)]
      const wanted = { project: one.id, phone: '+15551230000', role: 'customer' } as const
      const made = await Promise.all(Array.from({ length: 10 }, () => users.create(wanted)))
      expect(made.filter((user) => user !== 'name-taken')).toHaveLength(1)
      expect(await users.create({ ...wanted, project: other.id })).toMatchObject({
        phone: wanted.phone,
      })
      const found = await users.findByPhone(one.id, wanted.phone)
      expect(found?.project).toBe(one.id)
      expect((await users.findByNumber(one.id, found?.number ?? 0))?.id).toBe(found?.id)
    })
  })
}

onEachGround(suite)
