import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLive, type Listening, type Stream } from '../../gateway/live.ts'
import { FEED_CHANNEL } from '../../shared/delivery/feed.ts'
import { silentLog } from '../../shared/log.ts'
import type { User } from '../../shared/model/records.ts'
import { newProject, newUser } from '../support/people.ts'
import { startWatchedGateway, type WatchedGateway } from '../support/watched-gateway.ts'

let gateway: WatchedGateway
beforeAll(async () => {
  gateway = await startWatchedGateway()
})
afterAll(() => gateway.close())

const opened = (stream: Stream | string): Stream => {
  if (typeof stream === 'string') throw new Error(stream)
  return stream
}

/** How often the feeds are read from now until the next wake-up was heard. */
const readsAfterWake = async ({ project }: Pick<User, 'project'>): Promise<number> => {
  const { store } = gateway
  const before = store.calls('tail')
  const heard = new Promise<void>((resolve) => {
    void store
      .watch(FEED_CHANNEL, () => resolve())
      .then(() => store.announce(FEED_CHANNEL, project))
  })
  await heard
  return store.calls('tail') - before
}

const signedIn = async () => {
  const { registry } = gateway.parts
  const { id: project } = await newProject(gateway.parts)
  const user = await newUser(gateway.parts, { project })
  const { token } = await registry.sessions.issue(
    await registry.sessions.open(user),
    'access',
    60_000,
  )
  return { user, token }
}

/** The bytes of a request for a WebSocket. */
const upgrade = (path: string, authorization?: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.from(randomUUID()).subarray(0, 16).toString('base64')}`,
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    '',
    '',
  ].join('\r\n')

const dial = (allowHalfOpen = false) => {
  const { hostname, port } = new URL(gateway.httpUrl)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen })
  socket.on('error', () => undefined)
  return socket
}

describe('a stream that is being opened', () => {
  const listening = (user: User, more: Partial<Listening>): Listening => ({
    project: user.project,
    user: user.id,
    audience: async () => ({ kind: 'all' }),
    say: () => true,
    end: () => undefined,
    ...more,
  })

  test('while its session ends has begun before it ends', async () => {
    const { user } = await signedIn()
    const live = createLive({ store: gateway.store, log: silentLog })
    let isIn = true
    let looked: () => void = () => undefined
    const hasLooked = new Promise<void>((resolve) => {
      looked = resolve
    })
    const steps: string[] = []
    const { reached, release } = gateway.store.hold('last')
    const opening = live.open(
      listening(user, {
        audience: async () => {
          if (!isIn) looked()
          return isIn ? { kind: 'all' } : undefined
        },
        end: (why) => steps.push(`ended: ${why}`),
      }),
    )
    await reached
    isIn = false
    await gateway.store.announce('sessions', user.id)
    await hasLooked
    release()
    const stream = opened(await opening)
    steps.push('opened')
    stream.begin()
    expect(steps).toEqual(['opened', 'ended: over'])
    await live.close()
  })

  test('when the store is down is opened by the next who asks', async () => {
    const { user } = await signedIn()
    const live = createLive({ store: gateway.store, log: silentLog })
    gateway.store.failNext('watch')
    await expect(live.open(listening(user, {}))).rejects.toThrow()
    const stream = opened(await live.open(listening(user, {})))
    stream.close()
    await live.close()
  })
})

describe('a WebSocket that closes while it is let in', () => {
  test.each([
    ['of the native API', '/latchkey/v1/events', 'Bearer'],
    ['of a user of MODE', '/userSession/websocket', 'ModeCloud'],
  ])('%s leaves nothing behind', async (_, path, scheme) => {
    const { user, token } = await signedIn()
    const arrived = gateway.nextConnection()
    const { reached, release } = gateway.store.hold('last')
    const socket = dial()
    socket.write(upgrade(path, `${scheme} ${token}`))
    const seen = await arrived
    const gone = new Promise((resolve) => seen.once('close', resolve))
    await reached
    socket.destroy()
    await gone
    release()
    // What was held goes on before anything that is asked now.
    await gateway.parts.registry.sessions.check(token)
    await new Promise((resolve) => setImmediate(resolve))
    expect(await readsAfterWake(user)).toBe(0)
  })
})

test('a WebSocket that is refused is closed, though its client stays', async () => {
  const arrived = gateway.nextConnection()
  const socket = dial(true)
  socket.write(upgrade('/userSession/websocket'))
  const seen = await arrived
  const [reply] = await once(socket, 'data')
  expect(String(reply)).toMatch(/^HTTP\/1\.1 401 /)
  await new Promise((resolve) => seen.once('close', resolve))
  socket.destroy()
})
