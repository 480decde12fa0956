import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type Cable, openCable } from '../../faults/cable.ts'

let server: Server
let cable: Cable
const sockets: Socket[] = []

/** An echo behind a cable, and a client of it. */
const connected = async (): Promise<Socket> => {
  server = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cable = await openCable(0, (server.address() as { port: number }).port)
  return client()
}

const client = async (): Promise<Socket> => {
  const socket = connect({ port: cable.port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** Its end, in order or not. */
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))

const echoed = async (socket: Socket, text: string): Promise<string> => {
  const heard = once(socket, 'data')
  socket.write(text)
  return String((await heard)[0])
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await cable.close()
  server.close()
})

test('a healthy cable carries bytes both ways', async () => {
  const socket = await connected()
  expect(await echoed(socket, 'hello')).toBe('hello')
})

test.each(['black hole', 'half open'] as const)(
  'a %s keeps what was sent until it is healed',
  async (behaviour) => {
    const socket = await connected()
    expect(await echoed(socket, 'before')).toBe('before')
    cable.behave(behaviour)
    let heard = ''
    socket.on('data', (data) => {
      heard += data.toString()
    })
    // Another way through the same process and back: whatever was to come would have come.
    socket.write('held')
    const beside = connect({ port: (server.address() as { port: number }).port, host: '127.0.0.1' })
    sockets.push(beside)
    for (let times = 0; times < 20; times++) await echoed(beside, 'ping')
    expect(heard).toBe('')
    const came = once(socket, 'data')
    cable.behave('healthy')
    await came
    expect(heard).toBe('held')
  },
)

test.each(['cut', 'reset'] as const)('a %s ends connections, present and new ones', async (how) => {
  const socket = await connected()
  expect(await echoed(socket, 'before')).toBe('before')
  const ended = closed(socket)
  cable.behave(how)
  await ended
  const late = connect({ port: cable.port, host: '127.0.0.1' })
  late.on('error', () => undefined)
  sockets.push(late)
  await closed(late)
  cable.behave('healthy')
  expect(await echoed(await client(), 'after')).toBe('after')
})

test.each(['delay', 'slow'] as const)('%s changes no byte', async (how) => {
  const socket = await connected()
  cable.behave(how)
  expect(await echoed(socket, 'a few bytes')).toBe('a few bytes')
})
