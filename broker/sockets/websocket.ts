import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { clientBehind, type IsProxy } from '../../shared/guard/proxies.ts'
import type { Limits } from '../../shared/limits.ts'
import type { UpgradeTaker } from '../../shared/upgrade.ts'
import type { EdgeEvent } from '../tally.ts'
import type { Doors } from './doors.ts'
import { KEEP_ALIVE_MS } from './tcp.ts'
import type { Accept, Guest } from './visitor.ts'
import { streamOf } from './websocket-stream.ts'

type WebSocketOptions = {
  readonly limits: Limits
  /** Web pages of other hosts that may connect: `https://app.example`. */
  readonly origins: readonly string[]
  readonly isProxy: IsProxy
  readonly doors: Doors
  readonly accept: Accept
  readonly onEvent: (event: EdgeEvent) => void
}

/** MODE's clients connect to `/`, everybody else's to `/mqtt`. */
const PATHS = new Set(['/', '/mqtt'])
/** MODE's clients offer no subprotocol there: research/mode_thethings_thingful.md 1.6. */
const WITHOUT_SUBPROTOCOL = '/'
/** [MQTT-6.0.0-3], and the name that clients of MQTT 3.1 say. */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']
const LONGEST_ORIGIN = 512
/** More than the largest packet, so that it is ours to say that a packet is too large. */
const SLACK_BYTES = 1024
/** What may come before a client is let in: a CONNECT, and what was sent right after it. */
const EARLY_BYTES = 128 * 1024
/** Who does not read gets no more answers to his pings. */
const LONGEST_BACKLOG = 64 * 1024

/** `undefined`: it is not what a browser says. */
const hostOf = (origin: string): string | undefined => {
  const url = URL.canParse(origin) ? new URL(origin) : undefined
  return url?.origin === origin ? url.host : undefined
}

/** A browser says which page connects; other clients say nothing. Whatever cannot be read is refused. */
const isWelcomeOrigin = ({ headers }: IncomingMessage, origins: readonly string[]): boolean => {
  // Version 8 of the protocol, which `ws` speaks too, has its own name for it.
  const origin = headers.origin ?? headers['sec-websocket-origin']
  if (origin === undefined) return true
  if (typeof origin !== 'string' || origin.length > LONGEST_ORIGIN) return false
  const host = hostOf(origin)
  if (host === undefined) return false
  return host === headers.host?.toLowerCase() || origins.includes(origin)
}

const subprotocolOf = (offered: Iterable<string>): string | undefined => {
  const names = new Set(offered)
  return SUBPROTOCOLS.find((name) => names.has(name))
}

/** MQTT over WebSocket on somebody's HTTP port: takes the upgrades that are meant for it. */
export const createWebSockets = (options: WebSocketOptions): UpgradeTaker => {
  const { limits, origins, isProxy, doors, accept, onEvent } = options
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: Math.max(limits.packetBytes, limits.gatewayPacketBytes) + SLACK_BYTES,
    handleProtocols: (offered) => subprotocolOf(offered) ?? false,
  })

  /** `undefined`: it is gone by now. */
  const clientOf = ({ socket, headers }: IncomingMessage): string | undefined => {
    const peer = socket.remoteAddress
    const forwarded = [headers['x-forwarded-for']].flat().join(',') || undefined
    return peer === undefined ? undefined : clientBehind(isProxy, peer, forwarded)
  }

  /** Until it is let in, a client can make us hold only so much; a frame may be as long as the longest packet. */
  const guard = (socket: Socket, guest: Guest): void => {
    let bytes = 0
    const count = (chunk: Buffer): void => {
      bytes += chunk.length
      if (guest.isWelcome()) socket.off('data', count)
      else if (bytes > EARLY_BYTES) {
        onEvent({ what: 'fault', rule: 'too much before a connection' })
        socket.destroy()
      }
    }
    socket.on('data', count)
  }

  const welcome = (webSocket: WebSocket, socket: Socket, address: string): void => {
    webSocket.on('ping', (data) => {
      if (socket.writableLength < LONGEST_BACKLOG) webSocket.pong(data)
    })
    guard(socket, accept(streamOf(webSocket), { address }))
  }

  return (request, duplex, head) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    if (!PATHS.has(path)) return 'not-mine'
    if (!isWelcomeOrigin(request, origins)) return 403
    const offered = request.headers['sec-websocket-protocol']
    const names = offered?.split(',').map((name) => name.trim()) ?? []
    const mayOfferNone = offered === undefined && path === WITHOUT_SUBPROTOCOL
    if (!mayOfferNone && subprotocolOf(names) === undefined) return 400
    const socket = duplex as Socket
    const address = clientOf(request)
    const leave = address === undefined ? undefined : doors.enter(address)
    if (address === undefined || leave === undefined) return 503
    socket.once('close', leave)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    server.handleUpgrade(request, socket, head, (webSocket) => welcome(webSocket, socket, address))
    return 'taken'
  }
}
