import { checker, parseJson } from '../../shared/check.ts'
import { ChildEvent, DeviceEvent } from '../../shared/model/device-messages.ts'
import type { Handler } from '../dialect.ts'
import { eachInLane } from '../lanes.ts'

const eventOf = checker(DeviceEvent)
const childEventOf = checker(ChildEvent)
const MOST_EVENTS = 10_000
/** Longest `eventData`, as JSON: a feed keeps many of them. */
const LONGEST_DATA = 16 * 1024

const isShort = (eventData: unknown): boolean => JSON.stringify(eventData).length <= LONGEST_DATA

/** What happened to a device, for the apps of its owner. Acknowledged when it is stored. */
export const event: Handler = async ({ delivery }, connection, payload) => {
  const body = eventOf(parseJson(payload))
  if (!body.ok) return 'malformed'
  const { eventType, eventData = {} } = body.value
  if (!isShort(eventData)) return 'malformed'
  const { project, device, witness } = connection
  await delivery.events.fromDevice(project, device, { eventType, eventData }, witness)
  return 'acknowledged'
}

/** One event of a child, or a list of them. What is not a child's of this gateway is passed over. */
export const childEvents: Handler = async ({ delivery, registry }, connection, payload) => {
  const parsed = parseJson(payload)
  const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  if (items.length > MOST_EVENTS) return 'malformed'
  const checked = items.map((item) => childEventOf(item))
  const events = checked.flatMap((body) => (body.ok ? [body.value] : []))
  const isWhole = events.length === items.length
  if (!isWhole || !events.every(({ eventData }) => isShort(eventData ?? {}))) return 'malformed'
  if (!connection.isGateway) return 'acknowledged'
  const laneOf = ({ device }: { device: string }) => device
  await eachInLane(events, laneOf, async ({ device: name, eventType, eventData = {} }) => {
    const child = await registry.devices.findByName(connection.project, name)
    if (child?.parent !== connection.device) return
    await delivery.events.fromDevice(connection.project, child.id, { eventType, eventData })
  })
  return 'acknowledged'
}
