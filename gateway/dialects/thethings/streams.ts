import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { DeviceId } from '../../../shared/model/ids.ts'
import type { Device } from '../../../shared/model/records.ts'
import { type Box, INBOX_CHANNEL } from '../../../shared/registry/values.ts'
import { startOnce } from '../../../shared/starting.ts'
import type { GatewayContext } from '../../context.ts'
import { badField, refuse } from './faults.ts'

/** A heart-beat comes this often where the client does not say; the longest is below our own idle time-out. */
const USUAL_BEAT_MS = 30_000
const BEAT_MS = { shortest: 1000, longest: 60_000 }
/** The platform's channel of a thing has both: tt-js examples/realtime-lag-test.js waits for what it wrote itself. */
const BOXES: readonly Box[] = ['echo', 'inbox']
/** A wake-up may be lost, there is none for a thing's own values, and a credential may die without one: so often a stream looks by itself. */
const LOOK_MS = 500
const MOST_STREAMS = 2000
/** A reader that takes nothing is cut when so many bytes wait for it. */
const LONGEST_BACKLOG = 1024 * 1024

const beatOf = (text: unknown): number | undefined => {
  if (text === undefined || text === '') return USUAL_BEAT_MS
  if (typeof text !== 'string' || !/^[0-9]{1,9}$/.test(text)) return undefined
  return Math.min(BEAT_MS.longest, Math.max(BEAT_MS.shortest, Number(text)))
}

type StreamRequest = FastifyRequest<{
  Params: { readonly token: string }
  Querystring: Readonly<Record<string, unknown>>
}>

/** What is set for a thing and what it writes, as it comes: research/mode_thethings_thingful.md 2.2. */
export const createStreams = ({ store, registry, log }: GatewayContext) => {
  const { devices, values } = registry
  const waiting = new Map<DeviceId, Set<() => void>>()
  const open = new Set<ServerResponse>()

  const wake = (device: string): void => {
    for (const go of waiting.get(device as DeviceId) ?? []) go()
  }
  const watching = startOnce(() => store.watch(INBOX_CHANNEL, wake))

  const pause = (device: DeviceId, response: ServerResponse, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const line = waiting.get(device) ?? new Set()
      waiting.set(device, line)
      const go = () => {
        clearTimeout(timer)
        response.off('close', go)
        if (line.delete(go) && line.size === 0) waiting.delete(device)
        resolve()
      }
      const timer = setTimeout(go, ms)
      response.once('close', go)
      line.add(go)
    })

  /** Each JSON text in a chunk of its own: tt-js parses every chunk by itself. */
  const run = async (thing: Device, token: string, beatMs: number, response: ServerResponse) => {
    const places = new Map<Box, string>()
    for (const box of BOXES) places.set(box, await values.endOf(box, thing))
    const say = (body: unknown) => response.write(JSON.stringify(body))
    say({ status: 'success', message: 'subscribed' })
    let saidAt = performance.now()
    while (!response.destroyed && response.writableLength < LONGEST_BACKLOG) {
      const present = await devices.findByToken(token)
      if (present === undefined) return
      let hasSaid = false
      for (const box of BOXES) {
        const heard = await values.after(box, present, places.get(box) ?? '')
        places.set(box, heard.place)
        if (heard.values.length === 0) continue
        say(heard.values)
        hasSaid = true
      }
      const leftMs = beatMs - (performance.now() - saidAt)
      if (!hasSaid && leftMs > 0) {
        // A client that heard nothing for a second longer than it asked for believes that it is cut off.
        await pause(present.id, response, Math.min(LOOK_MS, leftMs))
        continue
      }
      if (!hasSaid) say({})
      saidAt = performance.now()
    }
  }

  /** Answers with a stream that lasts until the client or the thing's credential goes. */
  const start = async (thing: Device, request: StreamRequest, reply: FastifyReply) => {
    const beatMs = beatOf(request.query.keepAlive)
    if (beatMs === undefined) return badField(reply, 'keepAlive: a number of milliseconds')
    if (open.size >= MOST_STREAMS) return refuse(reply, 'too-many')
    await watching.start()
    reply.hijack()
    const response = reply.raw
    open.add(response)
    response.on('error', () => response.destroy())
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    run(thing, request.params.token, beatMs, response)
      .catch((cause: unknown) => log.warn({ err: cause }, 'a stream ended: the store is down'))
      .finally(() => {
        open.delete(response)
        response.end()
      })
    return reply
  }

  const close = async (): Promise<void> => {
    for (const response of open) response.destroy()
    await watching.end()
  }

  return { open: start, close }
}

export type Streams = ReturnType<typeof createStreams>
