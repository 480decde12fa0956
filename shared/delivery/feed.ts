import type { EventId, Happening } from '../model/events.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { LogItem } from '../store/port.ts'

/** The wake-up: which project's feed has grown. */
export const FEED_CHANNEL = 'events'

const DAY_MS = 86_400_000
/** How many events a project's feed keeps, and for how long after the last one. */
export const FEED_KEEP = 20_000
const FEED_TTL_MS = 7 * DAY_MS
/** The same for one epoch of one device. */
export const DEVICE_EVENTS_KEEP = 500
const DEVICE_EVENTS_TTL_MS = 30 * DAY_MS

/** A UUIDv7 (RFC 9562, 5.7): the time in ms, and the random part of a fresh UUID. */
export const timedId = <Id extends string>(at: number, fresh: string): Id => {
  const ms = at.toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8, 12)}-7${fresh.slice(15)}` as Id
}

const TIMED = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** When the event of that id happened, epoch ms. `undefined`: it is not an id of an event. */
export const timeOf = (id: string): number | undefined => {
  const [, high, low] = TIMED.exec(id) ?? []
  return high === undefined || low === undefined ? undefined : Number.parseInt(high + low, 16)
}

/** An event before it has its id. */
export type News = Omit<Happening, 'id'>

/** The part of a change that lets apps know: a line in the project's feed, and one in the device's own. */
export const happened = (project: ProjectId, news: News, fresh: string): LogItem[] => {
  const happening: Happening = { id: timedId<EventId>(news.at, fresh), ...news }
  const item = JSON.stringify(happening)
  const feed = { log: keys.events(project), item, keep: FEED_KEEP, ttlMs: FEED_TTL_MS }
  const { device, epoch } = news
  if (device === undefined || epoch === undefined) return [feed]
  const own = keys.deviceEvents(project, device, epoch)
  return [feed, { log: own, item, keep: DEVICE_EVENTS_KEEP, ttlMs: DEVICE_EVENTS_TTL_MS }]
}
