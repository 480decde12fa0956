import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from '@jest/globals'
import type { DeviceId, ProjectId } from '../../shared/model/ids.ts'
import type { Device, User } from '../../shared/model/records.ts'
import { keys } from '../../shared/store/keys.ts'
import { onEachGround } from '../support/lasting.ts'
import { eventually } from '../support/mail.ts'
import type { Parts } from '../support/parts.ts'
import { newDevice, newProject, newUser } from '../support/people.ts'

/** Everything that is queued, granted or half done is of one epoch: what is of an older one does nothing. */
onEachGround((ground) => {
  let parts: Parts
  let project: ProjectId
  let [ann, bob]: User[] = []
  let device: Device

  const user = (): User => ann as User
  const next = (): User => bob as User
  const ref = () => ({ project, device: device.id })
  const present = async (): Promise<Device> => {
    const found = await parts.registry.devices.get(project, device.id)
    if (found === undefined) throw new Error('there is no device')
    return found
  }
  const redeem = (who: User, secret: string) =>
    parts.engine.redeemDevice({
      ...{ project, user: who.id, home: who.home, permitted: true, address: 'test' },
      ...{ asked: device.name, device: device.id, secret, via: 'test' },
    })
  const owned = async (who: User): Promise<void> => {
    const secret = randomUUID()
    await parts.engine.offerBoxKey(project, device.id, secret, parts.now() + 60_000)
    expect((await redeem(who, secret)).outcome.state).toBe('claimed')
    device = await present()
  }
  const release = () =>
    parts.engine.releaseDevice({
      ...{ ...ref(), via: 'test' },
      by: { kind: 'home', home: user().home, user: user().id },
    })
  /** Ann has given it up and Bob has claimed it. */
  const changeHands = async (): Promise<void> => {
    expect((await release()).state).toBe('released')
    await owned(next())
    expect(device).toMatchObject({ epoch: 3, owner: next().home })
  }

  beforeEach(async () => {
    parts = ground().parts
    project = (await newProject(parts)).id
    const account = () => newUser({ ...parts, project })
    ann = await account()
    bob = await account()
    device = (await newDevice(parts, project)).device
    await owned(user())
  })

  describe('when a device has changed hands', () => {
    test('a command that waited is given to nobody, and cannot be acknowledged', async () => {
      const { commands } = parts.delivery
      const given = await commands.give({ ...ref(), action: 'unlock', by: user().id })
      if (typeof given === 'string') throw new Error(given)
      const old = device
      await changeHands()
      expect(await commands.waiting(project, device)).toEqual([])
      expect(await commands.one(project, given.id)).toBeUndefined()
      expect(await commands.acknowledge(project, device.id, given.id, {})).toBe(false)
      // Written by a node that had not heard of it yet: what became of it is decided by the epoch.
      await commands.sent(project, given.id, false)
      expect((await commands.look(project, given.id))?.state).toBe('dropped')
      // A node that still has the old record finds nothing to give, either.
      expect(await commands.waiting(project, old)).toEqual([])
    })

    test('a command cannot be given for the home that had it', async () => {
      const wanted = { ...ref(), action: 'unlock', by: user().id, owner: user().home }
      await changeHands()
      expect(await parts.delivery.commands.give(wanted)).toBe('device-unknown')
    })

    test('a key-value is neither set, removed nor seen under the former epoch', async () => {
      const { keyValues } = parts.registry
      const then = { kind: 'device', ...ref(), epoch: 1 } as const
      expect(await keyValues.set(then, 'color', 'red')).toEqual({ rev: 1 })
      await changeHands()
      expect(await keyValues.set(then, 'color', 'blue')).toBe('unknown')
      expect(await keyValues.remove(then, 'color')).toBe('unknown')
      expect(await keyValues.get({ ...then, epoch: 3 }, 'color')).toBeUndefined()
      expect((await keyValues.list({ ...then, epoch: 3 })).items).toEqual([])
      // It does not lie there for ever, either; the revision goes on.
      const members = () => ground().store.list(keys.keyValues(project, device.id), { limit: 10 })
      await eventually(async () => (await members()).length === 0)
      expect(await keyValues.set({ ...then, epoch: 3 }, 'color', 'green')).toEqual({ rev: 2 })
    })

    test('a value that its former owner set is not heard, and he can set none', async () => {
      const { values } = parts.registry
      const his = { ...ref(), owner: user().home }
      const from = await values.endOf('inbox', { project, id: device.id })
      expect(await values.write(his, [{ key: 'light', value: 'on' }])).toBe('written')
      await changeHands()
      expect(await values.write(his, [{ key: 'light', value: 'on' }])).toBe('unknown')
      expect((await values.after('inbox', device, from)).values).toEqual([])
      expect(await values.read(device, 'light')).toEqual([])
      expect(await values.resourcesOf([device])).toEqual([[]])
    })

    test('a transfer that was asked of its former owner cannot be approved, by him or by the new one', async () => {
      const asker = await newUser({ ...parts, project })
      const asked = await parts.engine.askForTransfer(
        { project, user: asker.id, home: asker.home, device: device.id },
        async () => ({}),
      )
      if (asked.state === 'refused') throw new Error(asked.reason)
      const approve = ({ id }: User, kind: 'member' | 'mail') =>
        parts.engine.answerTransfer({
          ...{ project, transfer: asked.transfer.id, isApproved: true, beside: {}, via: 'test' },
          by: kind === 'mail' ? { kind, user: id, used: {} } : { kind, user: id },
        })
      await changeHands()
      for (const [who, kind, reason] of [
        [user(), 'member', 'epoch-changed'],
        [user(), 'mail', 'epoch-changed'],
        [next(), 'member', 'not-permitted'],
      ] as const)
        expect(await approve(who, kind)).toMatchObject({ state: 'refused', reason })
      expect((await present()).owner).toBe(next().home)
    })

    test('what he had claimed it by is good for nothing', async () => {
      const again = async (secret: string) => (await redeem(user(), secret)).outcome
      await changeHands()
      const secret = randomUUID()
      await parts.engine.releaseDevice({
        ...{ ...ref(), via: 'test' },
        by: { kind: 'home', home: next().home, user: next().id },
      })
      await parts.engine.offerBoxKey(project, device.id, secret, parts.now() + 60_000)
      expect(await again(secret)).toMatchObject({ state: 'claimed', epoch: 5 })
      await release()
      expect(await again(secret)).toMatchObject({ state: 'refused' })
      expect((await present()).owner).toBeUndefined()
    })

    test('the code that made it his makes it his no more', async () => {
      await release()
      const made = await parts.engine.makeCode({
        ...{ project, user: user().id, home: user().home, form: 'native', via: 'test' },
      })
      if (made.state === 'refused') throw new Error(made.reason)
      const bring = () => parts.engine.presentCode({ ...ref(), code: made.code, via: 'test' })
      expect(await bring()).toMatchObject({ state: 'claimed', epoch: 3 })
      expect(await bring()).toMatchObject({ state: 'claimed', epoch: 3 })
      await release()
      expect(await bring()).toMatchObject({ state: 'refused', reason: 'code-used' })
      expect((await present()).owner).toBeUndefined()
    })

    test('the id that linked it links it no more, until both come again', async () => {
      await release()
      const linkId = randomUUID()
      const app = () =>
        parts.engine.linkByAccount({
          ...{ project, user: user().id, home: user().home, permitted: true, linkId, via: 'test' },
        })
      const thing = (id: DeviceId) =>
        parts.engine.linkByDevice({ project, device: id, linkId, via: 'test' })
      await app()
      expect(await thing(device.id)).toMatchObject({ state: 'claimed', epoch: 3 })
      await release()
      expect(await thing(device.id)).toMatchObject({ state: 'waiting' })
      expect((await present()).owner).toBeUndefined()
    })

    test('what it says now is filed under its new home, though the connection saw the old one last', async () => {
      const { events } = parts.delivery
      const witness = { waiting: [], isBusy: false }
      const say = (eventType: string) =>
        events.fromDevice(project, device.id, { eventType, eventData: {} }, witness)
      await say('one')
      await changeHands()
      await say('two')
      const own = async (epoch: number) => events.ofDevice({ ...device, epoch }, undefined, 100)
      const types = async (epoch: number) => {
        const found = await own(epoch)
        if (typeof found === 'string') throw new Error(found)
        return found.flatMap(({ data }) => data.eventType ?? [])
      }
      expect([await types(1), await types(3)]).toEqual([['one'], ['two']])
    })
  })
})
