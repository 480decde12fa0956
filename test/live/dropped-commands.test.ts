import { expect, test } from '@jest/globals'
import { type ModeProject, modeHome, modeUser, send } from '../support/mode.ts'
import { addDevice, enableClaim, ownedDevice, projectWith } from '../support/mode-devices.ts'
import type { TestServer } from '../support/server.ts'
import { openStream } from '../support/sse.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const DROPPED = 'latchkey.command.dropped'

let server: TestServer

/** A device that is off, with a command that waits for it, and a maker who hears of all. */
const waitingCommand = async (project: ModeProject) => {
  const user = await modeUser(server, project)
  const { id: home } = await modeHome(server, user)
  const device = await ownedDevice(server, project, { key: user.key, home })
  const path = `${V1}/devices/${device.uuid}/commands`
  const given = await user.native.post(path, { action: 'on' })
  expect(given.status).toBe(202)
  const stream = await openStream(`${server.httpUrl}${V1}/events?project=${project.id}`, {
    authorization: `Bearer ${project.maker.token}`,
  })
  const dropped = async (): Promise<unknown> => {
    for (;;) {
      const event = JSON.parse((await stream.next()).data)
      if (event.type === DROPPED) return event
    }
  }
  const expected = { subject: device.uuid, epoch: 1, data: { id: given.body.id, action: 'on' } }
  return { user, home, device, stream, dropped, expected }
}

onEachStore(
  async (ready) => {
    server = ready
  },
  () => {
    test.each([
      [
        'its owner removes it',
        async ({ user, device }: Awaited<ReturnType<typeof waitingCommand>>) =>
          send(server.httpUrl, 'DELETE', `/devices/${device.id}`, { key: user.key }),
        204,
      ],
      [
        'its home ends',
        async ({ user, home }: Awaited<ReturnType<typeof waitingCommand>>) =>
          send(server.httpUrl, 'DELETE', `/homes/${home}`, { key: user.key }),
        204,
      ],
      [
        'its owner’s account ends',
        async ({ user }: Awaited<ReturnType<typeof waitingCommand>>) =>
          send(server.httpUrl, 'DELETE', `/users/${user.id}`, { key: user.key }),
        204,
      ],
      [
        'its owner releases it',
        async ({ user, device }: Awaited<ReturnType<typeof waitingCommand>>) =>
          user.native.delete(`${V1}/devices/${device.uuid}/owner`),
        204,
      ],
    ] as const)(
      'a command that waits for a device is dropped, and that is told, when %s',
      async (_, end, status) => {
        const scene = await waitingCommand(await projectWith(server))
        expect((await end(scene)).status).toBe(status)
        expect(await scene.dropped()).toMatchObject(scene.expected)
        scene.stream.close()
      },
    )

    test('a command that waits for a device is dropped, and that is told, when another home takes it', async () => {
      const project = await projectWith(server, { policy: { possession: true } })
      const scene = await waitingCommand(project)
      const other = await modeUser(server, project)
      const { id: home } = await modeHome(server, other)
      await enableClaim(server, scene.device)
      const added = await addDevice(server, other.key, home, scene.device.claimCode)
      expect(added.status).toBe(201)
      expect(await scene.dropped()).toMatchObject(scene.expected)
      scene.stream.close()
    })

    test('a command that waits for a device that ends with its home is dropped, and that is told', async () => {
      const project = await projectWith(server, { provisioning: 'on-demand' })
      const user = await modeUser(server, project)
      const { id: home } = await modeHome(server, user)
      const begun = await send(server.httpUrl, 'POST', `/homes/${home}/deviceProvisioning`, {
        ...{ key: user.key, body: { deviceClass: 'lamp' } },
      })
      const made = await send(server.httpUrl, 'POST', '/devices', {
        body: { token: begun.body.token },
      })
      const { body } = await user.native.get(`${V1}/devices`)
      const [{ id: device }] = body.items
      const given = await user.native.post(`${V1}/devices/${device}/commands`, { action: 'on' })
      const stream = await openStream(`${server.httpUrl}${V1}/events`, {
        authorization: `Bearer ${user.key}`,
      })
      await send(server.httpUrl, 'DELETE', `/devices/${made.body.id}`, { key: user.key })
      let seen: { type: string }
      do seen = JSON.parse((await stream.next()).data)
      while (seen.type !== DROPPED)
      expect(seen).toMatchObject({ subject: device, data: { id: given.body.id, action: 'on' } })
      stream.close()
    })
  },
)
