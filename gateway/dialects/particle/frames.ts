import type { Happening } from '../../../shared/model/events.ts'
import type { DeviceId } from '../../../shared/model/ids.ts'
import type { SseForm } from '../../live-sse.ts'

/** Below 15 s, after which the client library gives a silent stream up: research/particle.md 3.3. */
const BEAT_MS = 9000
/** The client library attaches its listeners after the turn that has read the head: research/particle.md 3.3. */
const SETTLE_MS = 150
const TTL_S = 60

type Told = { readonly name: string; readonly data: string }

/** A name is one line: what a device sends must not become a line of the stream's own. */
const line = (text: string) => text.replace(/[\r\n]+/g, ' ')

const said = ({ eventType, eventData }: Happening['data']): Told => ({
  name: line(String(eventType)),
  data: JSON.stringify(eventData ?? {}),
})

/** What `POST …/events` took: its data is a text. */
const published = (data: Happening['data']): Told => {
  const { data: text } = (data.eventData ?? {}) as { data?: unknown }
  return typeof text === 'string' ? { ...said(data), data: text } : said(data)
}

/** What the platform's clients are told of; the rest has no word there. Claim codes and keys are never told. */
const toldOf = ({ type, data }: Happening): Told | undefined => {
  switch (type) {
    case 'device.event':
      return said(data)
    case 'home.event':
      return published(data)
    case 'device.connected':
      return { name: 'spark/status', data: 'online' }
    case 'device.disconnected':
      return { name: 'spark/status', data: 'offline' }
    case 'device.claimed':
    case 'device.released':
    case 'device.key-value':
    case 'home.key-value':
    case 'claim.changed':
    case 'code.used':
    case 'code.refused':
    case 'command.acknowledged':
    case 'command.dropped':
      return undefined
  }
}

/** Whether it is told at all, and begins with the prefix. */
export const isWanted = (happening: Happening, prefix: string): boolean =>
  toldOf(happening)?.name.startsWith(prefix) ?? false

/** Events as the platform streams them; `idOf` says what it calls a device. */
export const particleForm = (idOf: (device: DeviceId) => Promise<string>): SseForm => ({
  hello: ':ok\n\n',
  beat: '\n',
  beatMs: BEAT_MS,
  settleMs: SETTLE_MS,
  frameOf: async (happening) => {
    const told = toldOf(happening)
    if (told === undefined) return undefined
    const body = {
      data: told.data,
      ttl: TTL_S,
      published_at: new Date(happening.at).toISOString(),
      coreid: happening.device === undefined ? 'api' : await idOf(happening.device),
    }
    return `event: ${told.name}\ndata: ${JSON.stringify(body)}\n\n`
  },
})
