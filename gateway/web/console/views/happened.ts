import type { CloudEvent } from '../shapes.ts'
import type { Words } from '../words.ts'

type LineName = keyof Words['device']['lines']

/** What an event is about: how it is drawn, and what people call it. */
const KINDS: ReadonlyMap<string, LineName> = new Map([
  ['latchkey.device.claimed', 'claimed'],
  ['latchkey.device.released', 'released'],
  ['latchkey.device.connected', 'connected'],
  ['latchkey.device.disconnected', 'disconnected'],
  ['latchkey.device.event', 'event'],
  ['latchkey.home.event', 'event'],
  ['latchkey.device.key-value', 'keyValue'],
  ['latchkey.home.key-value', 'keyValue'],
  ['latchkey.command.acknowledged', 'acknowledged'],
  ['latchkey.command.dropped', 'dropped'],
])

const LONGEST = 400

/** The kind of an event; what is new to the console is `other`. */
export const kindOf = ({ type }: Pick<CloudEvent, 'type'>): LineName => KINDS.get(type) ?? 'other'

const text = (value: unknown): string => {
  const written = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return written.length > LONGEST ? `${written.slice(0, LONGEST)}…` : written
}

/** What an event says besides: as text, whoever wrote it. */
export const detailOf = (event: CloudEvent): string => {
  const { eventType, eventData, action, result, name, key } = event.data
  switch (kindOf(event)) {
    case 'event':
      return `${text(eventType)} ${text(eventData)}`
    case 'acknowledged':
    case 'dropped':
      return result === undefined ? text(action) : `${text(action)} → ${text(result)}`
    case 'keyValue':
      return text(key)
    case 'claimed':
    case 'released':
    case 'connected':
    case 'disconnected':
      return text(name)
    case 'refused':
    case 'waiting':
    case 'window':
      return ''
    case 'other':
      return event.type.replace(/^latchkey\./, '')
  }
}
