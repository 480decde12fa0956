import type { IncomingMessage } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Log } from '../shared/log.ts'
import type { UpgradeTaker } from '../shared/upgrade.ts'

/** What is sent to a socket waits for so many bytes at most. */
const LONGEST_BACKLOG = 1024 * 1024
/** A client has nothing to say here that is longer. */
const LONGEST_MESSAGE = 64 * 1024
/** A peer that answers no ping for so long is gone. */
const PING_MS = 30_000
const ASK_MS = 5000
const MOST_SOCKETS = 10_000
/** Who was refused has so long to hang up. */
const LINGER_MS = 1000
/** What was missed goes on when no more bytes than that wait. */
const LOW_BACKLOG = 256 * 1024

/** One open WebSocket that we write to. */
export type Outlet = {
  /** `false`: it is not read; whoever writes ends it. */
  readonly send: (text: string) => boolean
  /** Resolves when little of what was sent still waits, or the socket is closed. */
  readonly drained: () => Promise<void>
  /** RFC 6455, 7.4: a status code, and a few words. */
  readonly end: (code: number, why: string) => void
  readonly onText: (listener: (text: string) => void) => void
  /** At once, if it is closed by now. */
  readonly onClose: (listener: () => void) => void
}

/** What a socket is opened for, once somebody has said that it may be: called when it is open. */
export type Welcome = (outlet: Outlet) => void

export type SocketDoor = {
  /** Whether the request is for this door, by its path alone. */
  readonly isMine: (url: URL) => boolean
  /** Who may come in; a number is the status of the refusal. */
  readonly admit: (request: IncomingMessage, url: URL) => Promise<Welcome | number>
}

const refuse = (socket: Duplex, status: number): void => {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
  )
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** Keeps a peer's socket only while it answers. */
const watchPulse = (webSocket: WebSocket): void => {
  let isAlive = true
  const timer = setInterval(() => {
    if (!isAlive) return webSocket.terminate()
    isAlive = false
    webSocket.ping()
  }, PING_MS)
  timer.unref()
  webSocket.on('pong', () => {
    isAlive = true
  })
  webSocket.on('close', () => clearInterval(timer))
}

const outletOf = (webSocket: WebSocket): Outlet => {
  let written = Promise.resolve()
  return {
    send: (text) => {
      if (webSocket.readyState !== webSocket.OPEN) return true
      written = new Promise((resolve) => webSocket.send(text, () => resolve()))
      return webSocket.bufferedAmount < LONGEST_BACKLOG
    },
    drained: () => (webSocket.bufferedAmount < LOW_BACKLOG ? Promise.resolve() : written),
    end: (code, why) => {
      if (webSocket.bufferedAmount >= LONGEST_BACKLOG) return webSocket.terminate()
      webSocket.close(code, why)
    },
    onText: (listener) =>
      void webSocket.on('message', (data, isBinary) => {
        if (!isBinary) listener(String(data))
      }),
    onClose: (listener) => {
      if (webSocket.readyState === webSocket.CLOSED) listener()
      else webSocket.on('close', listener)
    },
  }
}

/** WebSockets of the gateway, each behind a door that asks who is there before the handshake is answered. */
export const createSockets = (log: Log) => {
  const doors: SocketDoor[] = []
  const open = new Set<WebSocket>()
  let asking = 0
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LONGEST_MESSAGE,
  })

  const enter = (webSocket: WebSocket, welcome: Welcome): void => {
    open.add(webSocket)
    webSocket.on('error', () => webSocket.terminate())
    webSocket.on('close', () => open.delete(webSocket))
    watchPulse(webSocket)
    welcome(outletOf(webSocket))
  }

  const ask = async (
    door: SocketDoor,
    request: IncomingMessage,
    url: URL,
    socket: Duplex,
    head: Buffer,
  ) => {
    const late = setTimeout(() => socket.destroy(), ASK_MS)
    asking += 1
    try {
      const answer = await door.admit(request, url)
      if (typeof answer === 'number') return refuse(socket, answer)
      if (!socket.destroyed)
        server.handleUpgrade(request, socket, head, (webSocket) => enter(webSocket, answer))
    } catch (cause) {
      log.warn({ err: cause }, 'a socket was refused: nobody can tell who it is')
      refuse(socket, 503)
    } finally {
      asking -= 1
      clearTimeout(late)
    }
  }

  const take: UpgradeTaker = (request, socket, head) => {
    const base = 'http://localhost'
    if (!URL.canParse(request.url ?? '', base)) return 'not-mine'
    const url = new URL(request.url ?? '', base)
    const door = doors.find(({ isMine }) => isMine(url))
    if (door === undefined) return 'not-mine'
    if (open.size + asking >= MOST_SOCKETS) return 503
    void ask(door, request, url, socket, head)
    return 'taken'
  }

  const close = (): void => {
    for (const webSocket of open) webSocket.close(1001, 'going away')
    const timer = setTimeout(() => {
      for (const webSocket of open) webSocket.terminate()
    }, 1000)
    timer.unref()
  }

  return { add: (door: SocketDoor) => void doors.push(door), take, close }
}

export type Sockets = ReturnType<typeof createSockets>
