import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import type { Crowd } from '../../broker/crowd.ts'
import { asBrokerPort, type Client } from '../../broker/port.ts'
import {
  attachClaiming,
  createExchange,
  DEFAULT_LIMITS,
  type Front,
  nativeMqtt,
  openStore,
  packetSinkOf,
  silentLog,
  standBefore,
  thethingsMqtt,
} from '../../index.ts'
import { type Parts, partsOn } from './parts.ts'

type Wanted = {
  /** Given the parts, so that a test can do something while a device is let in. */
  readonly crowd?: (parts: Parts) => Crowd
}

/** Somebody's own Aedes, where the user `theirs` may do anything, with our front, an exchange, and claiming attached. */
export const startEmbedded = async ({ crowd }: Wanted = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-embedded-'))
  const store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  const parts = await partsOn(store)
  const aedes = await Aedes.createBroker({
    authenticate: (_client, username, _password, done) => done(null, username === 'theirs'),
  })
  const limits = { ...DEFAULT_LIMITS, grantedQos: 2 } as const
  const fronts = new WeakMap<Client, Front>()
  const sockets = new Set<Socket>()
  const { registry, engine, delivery, now } = parts
  const attached = await attachClaiming(aedes, {
    ...{ store, registry, engine, delivery, now, log: silentLog },
    dialects: [nativeMqtt, thethingsMqtt],
    strangers: 'pass',
    frontOf: (client) => fronts.get(client),
    ...(crowd === undefined ? {} : { crowd: crowd(parts) }),
  })
  const exchange = createExchange(aedes, { backlogBytes: limits.backlogBytes })
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    const client = asBrokerPort(aedes).handle(socket)
    const options = { limits, onEvent: () => undefined, exchange }
    fronts.set(client, standBefore(packetSinkOf(client), socket, options))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    ...parts,
    port,
    url: `mqtt://127.0.0.1:${port}`,
    exchange,
    connected: attached.connected,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
      exchange.close()
      await attached.detach()
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Embedded = Awaited<ReturnType<typeof startEmbedded>>
