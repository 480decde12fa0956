import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/mail.ts'
import { modeHome, modeUser, send } from '../support/mode.ts'
import { connectMode, openSocket, ownedDevice, projectWith } from '../support/mode-devices.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { describeWithRedis } from '../support/redis-server.ts'

describeWithRedis('MODE on two nodes', () => {
  let two: TwoNodes
  beforeAll(async () => {
    two = await startTwoNodes()
  })
  afterAll(() => two.close())

  const world = async () => {
    const [left] = two.nodes
    const project = await projectWith(left)
    const user = await modeUser(left, project)
    const { id: home } = await modeHome(left, user)
    const device = await ownedDevice(left, project, { key: user.key, home })
    return { user, device, path: `/devices/${device.id}/command` }
  }
  const command = (key: string, path: string, action: string) =>
    send(two.nodes[0].httpUrl, 'PUT', path, { key, body: { action } })

  test('a command reaches a device that listens on the other node, over WebSocket and MQTT', async () => {
    const [, right] = two.nodes
    const { user, device, path } = await world()
    const socket = await openSocket(right, path, device.key)
    expect((await command(user.key, path, 'one')).status).toBe(204)
    expect(await socket.next()).toEqual({ action: 'one' })
    await socket.close()
    const connected = await connectMode(right, device, [path])
    expect((await command(user.key, path, 'two')).status).toBe(204)
    expect(await connected.next(path)).toEqual({ action: 'two' })
    await connected.end()
  })

  test('the newest WebSocket of a device is the only one', async () => {
    const [left, right] = two.nodes
    const { user, device, path } = await world()
    const first = await openSocket(left, path, device.key)
    const second = await openSocket(right, path, device.key)
    expect(await first.closed).toBe(1008)
    expect((await command(user.key, path, 'x')).status).toBe(204)
    expect(await second.next()).toEqual({ action: 'x' })
    await second.close()
  })

  test('a device that has changed hands on one node is told of nobody else’s events on the other', async () => {
    const [left, right] = two.nodes
    const { user, device } = await world()
    const events = await openSocket(right, '/userSession/websocket', user.key)
    const say = (eventType: string) =>
      send(left.httpUrl, 'PUT', `/devices/${device.id}/event`, {
        key: device.key,
        body: { eventType, eventData: {} },
      })
    expect((await say('mine')).status).toBe(204)
    expect(await events.next()).toMatchObject({ eventType: 'mine' })
    await send(right.httpUrl, 'DELETE', `/devices/${device.id}`, { key: user.key })
    await eventually(async () => (await say('nobody’s')).status === 403)
    await expect(events.next(300)).rejects.toThrow('nothing came')
    await events.close()
  })
})
