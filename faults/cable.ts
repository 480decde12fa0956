import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** What happens to bytes on their way in one direction. */
type Flow =
  | { readonly kind: 'pass' }
  /** Kept back until it is healed, as by a network that sends them again and again. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'late'; readonly ms: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }

type Behaviour = {
  readonly opens: 'connect' | 'destroy' | 'reset'
  readonly there: Flow
  readonly back: Flow
}

const pass: Flow = { kind: 'pass' }
const hold: Flow = { kind: 'hold' }

/** How a network can be: one row for each kind. */
export const BEHAVIOURS = {
  healthy: { opens: 'connect', there: pass, back: pass },
  /** Connections end in order, and new ones too. */
  cut: { opens: 'destroy', there: pass, back: pass },
  /** Connections are reset. */
  reset: { opens: 'reset', there: pass, back: pass },
  /** Everything is taken, and nothing comes out. */
  'black hole': { opens: 'connect', there: hold, back: hold },
  /** Requests arrive, replies do not. */
  'half open': { opens: 'connect', there: pass, back: hold },
  delay: { opens: 'connect', there: { kind: 'late', ms: 200 }, back: { kind: 'late', ms: 200 } },
  slow: {
    opens: 'connect',
    there: { kind: 'slow', bytesPerSecond: 1024 },
    back: { kind: 'slow', bytesPerSecond: 1024 },
  },
} as const satisfies Readonly<Record<string, Behaviour>>

export type BehaviourName = keyof typeof BEHAVIOURS

/** A TCP proxy on the loopback: a network that can be made bad. */
export type Cable = {
  readonly port: number
  /** From now on, for present connections too. */
  readonly behave: (name: BehaviourName) => void
  readonly close: () => Promise<void>
}

type Way = { readonly follow: (flow: Flow) => void }

/** Carries bytes from one socket to another; at most what one read brings is under way. */
const carry = (from: Socket, to: Socket, first: Flow): Way => {
  let flow = first
  let waiting: NodeJS.Timeout | undefined
  let isFull = false
  const go = () => {
    if (flow.kind === 'hold' || waiting !== undefined || isFull) from.pause()
    else from.resume()
  }
  const waitMs = (bytes: number): number => {
    switch (flow.kind) {
      case 'pass':
      case 'hold':
        return 0
      case 'late':
        return flow.ms
      case 'slow':
        return (bytes / flow.bytesPerSecond) * 1000
    }
  }
  const write = (chunk: Buffer) => {
    isFull = !to.write(chunk)
    go()
  }
  from.on('data', (chunk: Buffer) => {
    const ms = waitMs(chunk.length)
    if (ms === 0) return write(chunk)
    waiting = setTimeout(() => {
      waiting = undefined
      write(chunk)
    }, ms)
    go()
  })
  to.on('drain', () => {
    isFull = false
    go()
  })
  from.once('close', () => {
    clearTimeout(waiting)
    to.destroySoon()
  })
  go()
  return {
    follow: (next) => {
      flow = next
      go()
    },
  }
}

/** Opens a cable to a port. */
export const openCable = async (port: number, upstream: number): Promise<Cable> => {
  let behaviour: Behaviour = BEHAVIOURS.healthy
  const sockets = new Set<Socket>()
  const ways = new Set<() => void>()
  const keep = (socket: Socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  const turnAway = (socket: Socket) => {
    if (behaviour.opens === 'reset') socket.resetAndDestroy()
    else socket.destroy()
  }
  const server = createServer((client) => {
    keep(client)
    if (behaviour.opens !== 'connect') return turnAway(client)
    const target = connect({ port: upstream, host: '127.0.0.1' })
    keep(target)
    const there = carry(client, target, behaviour.there)
    const back = carry(target, client, behaviour.back)
    const follow = () => {
      there.follow(behaviour.there)
      back.follow(behaviour.back)
    }
    ways.add(follow)
    client.once('close', () => ways.delete(follow))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    behave(name) {
      behaviour = BEHAVIOURS[name]
      if (behaviour.opens !== 'connect') for (const socket of sockets) turnAway(socket)
      for (const follow of ways) follow()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
