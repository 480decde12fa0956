import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { WebSocket } from 'ws'
import { eventually } from '../support/mail.ts'
import { type ModeProject, type ModeUser, modeHome, modeUser, send } from '../support/mode.ts'
import { ownedDevice, projectWith } from '../support/mode-devices.ts'
import { startTwoNodes, type TwoNodes } from '../support/nodes.ts'
import { describeWithRedis } from '../support/redis-server.ts'
import type { TestServer } from '../support/server.ts'
import { openStream } from '../support/sse.ts'

const EVENTS = '/latchkey/v1/events'

type Resident = ModeUser & { readonly home: number }
/** A stream of somebody's; `took` are the types of all events that came, in order. */
type Ear = {
  readonly name: string
  readonly took: () => readonly string[]
  readonly close: () => void
}

describeWithRedis('who has lost a membership', () => {
  let two: TwoNodes
  let project: ModeProject

  beforeAll(async () => {
    two = await startTwoNodes()
    project = await projectWith(two.nodes[0])
  })
  afterAll(() => two.close())

  /** Everything that subscribes is cut off again and again, so that most wake-ups are lost. */
  const loseWakeUps = () => {
    const saboteur = new Redis(two.redis.url)
    const timer = setInterval(
      () => void saboteur.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      10,
    )
    return () => {
      clearInterval(timer)
      saboteur.disconnect()
    }
  }

  const resident = async (): Promise<Resident> => {
    const user = await modeUser(two.nodes[0], project)
    return { ...user, home: (await modeHome(two.nodes[0], user)).id }
  }

  const bySse = async (server: TestServer, { key }: Resident): Promise<Ear> => {
    const stream = await openStream(`${server.httpUrl}${EVENTS}`, {
      authorization: `Bearer ${key}`,
    })
    const took = () => stream.came.map(({ data }) => JSON.parse(data).data.eventType as string)
    return { name: 'server-sent events', took, close: stream.close }
  }

  const bySocket = async (
    server: TestServer,
    path: string,
    authorization: string,
    typeOf: (json: { eventType?: string; data?: { eventType?: string } }) => string | undefined,
  ): Promise<Ear> => {
    const url = `${server.httpUrl.replace('http', 'ws')}${path}`
    const socket = new WebSocket(url, { headers: { authorization } })
    const took: string[] = []
    socket.on('message', (data) => took.push(typeOf(JSON.parse(String(data))) ?? ''))
    await once(socket, 'open')
    return { name: path, took: () => took, close: () => socket.terminate() }
  }

  /** Every kind of stream, on both nodes. */
  const earsOf = async (user: Resident): Promise<Ear[]> => {
    const each = two.nodes.map((node) => [
      bySse(node, user),
      bySocket(node, EVENTS, `Bearer ${user.key}`, ({ data }) => data?.eventType),
      bySocket(
        ...([node, '/userSession/websocket', `ModeCloud ${user.key}`] as const),
        ({ eventType }) => eventType,
      ),
    ])
    return Promise.all(each.flat())
  }

  test('hears nothing of the home any more, on any stream, on any node, though wake-ups are lost', async () => {
    const [first] = two.nodes
    const [ann, bob] = [await resident(), await resident()]
    const members = `/homes/${ann.home}/members`
    const body = { email: bob.email }
    await send(first.httpUrl, 'POST', members, { key: ann.key, body })
    const [hers, his] = [
      await ownedDevice(first, project, ann),
      await ownedDevice(first, project, bob),
    ]
    const say = ({ id, key }: typeof hers, eventType: string) =>
      send(first.httpUrl, 'PUT', `/devices/${id}/event`, {
        key,
        body: { eventType, eventData: {} },
      })
    const ears = await earsOf(bob)

    /** Says something in her home, then something in his: who has heard that has heard or missed the other. */
    const heardIn = async (round: string): Promise<string[]> => {
      await say(hers, `hers ${round}`)
      await say(his, `his ${round}`)
      await eventually(() => ears.every(({ took }) => took().includes(`his ${round}`)))
      return ears.filter(({ took }) => took().includes(`hers ${round}`)).map(({ name }) => name)
    }

    // A WebSocket of the native API listens a moment after it is open.
    let warm = 0
    await eventually(async () => (await heardIn(`warm ${warm++}`)).length === ears.length)
    const stop = loseWakeUps()
    try {
      const removed = await send(first.httpUrl, 'DELETE', `${members}/${bob.id}`, { key: ann.key })
      expect(removed.status).toBe(204)
      let round = 0
      await eventually(async () => (await heardIn(`after ${round++}`)).length === 0)
      expect(await heardIn('at last')).toEqual([])
    } finally {
      stop()
    }
    for (const { close } of ears) close()
  }, 60_000)

  test('who has signed out hears nothing, on the other node either', async () => {
    const [first, second] = two.nodes
    const ann = await resident()
    const headers = { authorization: `ModeCloud ${ann.key}` }
    const socket = new WebSocket(`${second.httpUrl.replace('http', 'ws')}/userSession/websocket`, {
      headers,
    })
    await once(socket, 'open')
    const closed = once(socket, 'close')
    const stop = loseWakeUps()
    try {
      await send(first.httpUrl, 'DELETE', '/userSession', { key: ann.key })
      expect((await closed)[0]).toBe(1008)
    } finally {
      stop()
    }
  })
})
