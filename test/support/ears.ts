import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Api } from './api.ts'
import { eventually } from './mail.ts'
import type { TestServer } from './server.ts'
import { openStream } from './sse.ts'

const EVENTS = '/latchkey/v1/events'

/** A stream of somebody's: what came on it, in the words of its dialect. */
export type Ear = {
  readonly name: string
  /** The types of the devices' events that came, in order. */
  readonly took: () => readonly string[]
  /** Everything that came, as it came. */
  readonly all: () => readonly string[]
  readonly close: () => void
}

// biome-ignore lint/suspicious/noExplicitAny: an ear looks at any member of what it hears
type TypeOf = (json: any) => string | undefined
const native: TypeOf = ({ data }) => data?.eventType

/** `GET` of server-sent events; `typeOf`: where the type stands in the `data` of one. */
export const bySse = async (
  { httpUrl }: TestServer,
  token: string,
  path = EVENTS,
  typeOf: TypeOf = native,
): Promise<Ear> => {
  const stream = await openStream(`${httpUrl}${path}`, { authorization: `Bearer ${token}` })
  if (stream.status !== 200) throw new Error(`${path}: ${stream.status}`)
  const all = () => stream.came.map(({ data }) => data)
  const took = () =>
    stream.came.map(({ event, data }) => typeOf(JSON.parse(data)) ?? event ?? 'none')
  return { name: `server-sent events of ${path}`, took, all, close: stream.close }
}

/** A WebSocket that only hears. `authorization` absent: the path has a ticket in it. */
export const bySocket = async (
  { httpUrl }: TestServer,
  path: string,
  authorization?: string,
  typeOf: TypeOf = native,
): Promise<Ear> => {
  const headers = authorization === undefined ? {} : { authorization }
  const socket = new WebSocket(`${httpUrl.replace('http', 'ws')}${path}`, { headers })
  const all: string[] = []
  socket.on('message', (data) => all.push(String(data)))
  await once(socket, 'open')
  const took = () => all.map((text) => typeOf(JSON.parse(text)) ?? '')
  const name = `a WebSocket at ${path.split('?')[0]}`
  return { name, took, all: () => all, close: () => socket.terminate() }
}

/** The same with a ticket instead of a header, as a browser does it. */
export const byTicket = async (server: TestServer, who: Api): Promise<Ear> => {
  const { body } = await who.post('/latchkey/v1/tickets')
  return bySocket(server, `${EVENTS}?ticket=${encodeURIComponent(body.ticket)}`)
}

/** A long poll, again and again. */
export const byPolling = (server: TestServer, token: string): Ear => {
  const all: string[] = []
  const end = new AbortController()
  const poll = async () => {
    let after = ''
    while (!end.signal.aborted) {
      const reply = await fetch(`${server.httpUrl}${EVENTS}?waitMs=2000${after}`, {
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        signal: end.signal,
      })
      const page = (await reply.json()) as { items: { id: string }[]; next?: string }
      for (const item of page.items) {
        all.push(JSON.stringify(item))
        after = `&after=${item.id}`
      }
    }
  }
  const polling = poll().catch(() => undefined)
  const took = () => all.map((text) => native(JSON.parse(text)) ?? '')
  return {
    ...{ name: 'a long poll', took, all: () => all },
    close: () => {
      end.abort()
      void polling
    },
  }
}

/** Who of these heard something, once all of them have heard what was said after it. */
export const whoHeard = async (
  ears: readonly Ear[],
  something: string,
  after: string,
): Promise<string[]> => {
  await eventually(() => ears.every(({ took }) => took().includes(after)))
  return ears.filter(({ took }) => took().includes(something)).map(({ name }) => name)
}
