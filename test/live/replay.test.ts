import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { createLive } from '../../gateway/live.ts'
import { happened } from '../../shared/delivery/feed.ts'
import { silentLog } from '../../shared/log.ts'
import type { User } from '../../shared/model/records.ts'
import { keys } from '../../shared/store/keys.ts'
import { newProject, newUser } from '../support/people.ts'
import { openStream } from '../support/sse.ts'
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts'

/** Far more than sockets and kernels hold: 24 MB. */
const MANY = 400
const FILLER = 'x'.repeat(60_000)
const EVENTS = '/latchkey/v1/events'

let gateway: WatchedGateway
beforeAll(async () => {
  gateway = await startWatchedGateway()
})
afterAll(() => gateway.close())

const say = (user: User, numbers: readonly number[]) => {
  const { project, home } = user
  const news = (n: number) => ({
    ...{ at: Date.now(), type: 'home.event' as const, home },
    data: { eventType: `e${n}`, eventData: { filler: FILLER } },
  })
  const append = numbers.flatMap((n) => happened(project, news(n), randomUUID()))
  return gateway.store.commit({ append })
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)

/** Somebody who has missed much, and the last event that he heard. */
const latecomer = async () => {
  const { registry } = gateway.parts
  const { id: project } = await newProject(gateway.parts)
  const user = await newUser(gateway.parts, { project })
  const { token } = await registry.sessions.issue(
    await registry.sessions.open(user),
    'access',
    60_000,
  )
  await say(user, [0])
  const [first] = await gateway.store.last(keys.events(project), 1)
  for (let from = 1; from < MANY; from += 50) await say(user, numbers(from, from + 50))
  const headers = { authorization: `Bearer ${token}` }
  return { user, headers, after: JSON.parse(first?.item ?? '{}').id as string }
}

const typeOf = (text: string) => JSON.parse(text).data.eventType

test('all that was missed comes to whoever reads a stream of server-sent events, and it goes on', async () => {
  const { user, headers, after } = await latecomer()
  const stream = await openStream(`${gateway.httpUrl}${EVENTS}`, {
    ...headers,
    'last-event-id': after,
  })
  for (let n = 1; n <= MANY; n++) expect(typeOf((await stream.next(10_000)).data)).toBe(`e${n}`)
  await say(user, [MANY + 1])
  expect(typeOf((await stream.next()).data)).toBe(`e${MANY + 1}`)
  stream.close()
})

test('all that was missed comes to whoever reads a WebSocket, and it goes on', async () => {
  const { user, headers, after } = await latecomer()
  const url = `${gateway.httpUrl.replace('http', 'ws')}${EVENTS}?after=${after}`
  const socket = new WebSocket(url, { headers })
  const came: string[] = []
  let hear: () => void = () => undefined
  socket.on('message', (data) => {
    came.push(typeOf(String(data)))
    hear()
  })
  const until = async (count: number) => {
    while (came.length < count)
      await new Promise<void>((resolve) => {
        hear = resolve
      })
  }
  await once(socket, 'open')
  await until(MANY)
  await say(user, [MANY + 1])
  await until(MANY + 1)
  expect(came).toEqual(numbers(1, MANY + 2).map((n) => `e${n}`))
  socket.close()
})

test('who reads nothing of what was missed is cut', async () => {
  const { user, after } = await latecomer()
  const live = createLive({ store: gateway.store, log: silentLog, patienceMs: 20 })
  const said: string[] = []
  const ended = new Promise<string>((resolve) => {
    void live
      .open({
        ...{ project: user.project, user: user.id, after },
        audience: async () => ({ kind: 'all' }),
        say: ({ data }) => said.push(String(data.eventType)) > 0,
        drained: () => new Promise(() => undefined),
        end: resolve,
      })
      .then((stream) => typeof stream !== 'string' && stream.begin())
  })
  expect(await ended).toBe('slow')
  expect(said).toEqual(['e1'])
  await live.close()
})
