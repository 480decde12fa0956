import type { Brand, DeviceId, HomeId, UserId } from './ids.ts'

/** UUIDv7 (RFC 9562, 5.7) of something that happened: it says when. */
export type EventId = Brand<string, 'EventId'>
/** UUIDv7 of a command. */
export type CommandId = Brand<string, 'CommandId'>

/** Everything that apps can be told of. */
export const EVENT_TYPES = [
  'device.event',
  'device.claimed',
  'device.released',
  'device.connected',
  'device.disconnected',
  'device.key-value',
  'home.event',
  'home.key-value',
  'claim.changed',
  'code.used',
  'code.refused',
  'command.acknowledged',
  'command.dropped',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/**
 * Something that happened. The home that owned the device then may hear of it, or the account it is about; whoever makes
 * the project hears all. `epoch`: of the device, when it happened.
 */
export type Happening = {
  readonly id: EventId
  readonly at: number
  readonly type: EventType
  readonly device?: DeviceId
  readonly epoch?: number
  readonly home?: HomeId
  readonly user?: UserId
  readonly data: Readonly<Record<string, unknown>>
}

/** CloudEvents 1.0, JSON format; `epoch` and `home` are extension attributes. */
export type CloudEvent = {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly epoch?: number
  readonly home?: string
  readonly data: Readonly<Record<string, unknown>>
}

const sourceOf = ({ device, home, user }: Happening): string => {
  if (device !== undefined) return `/latchkey/v1/devices/${device}`
  if (home !== undefined) return `/latchkey/v1/homes/${home}`
  return user === undefined ? '/latchkey/v1' : `/latchkey/v1/users/${user}`
}

export const cloudEventOf = (happening: Happening): CloudEvent => {
  const { id, at, type, device, epoch, home, data } = happening
  return {
    specversion: '1.0',
    id,
    source: sourceOf(happening),
    type: `latchkey.${type}`,
    ...(device === undefined ? {} : { subject: device }),
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    ...(epoch === undefined ? {} : { epoch }),
    ...(home === undefined ? {} : { home }),
    data,
  }
}

/**
 * Something that a device is to do. Good for the epoch it was given under and until `expiresAt`; kept a day longer so that
 * its sender can ask. `handed`: it lies in no queue any more.
 */
export type Command = {
  readonly id: CommandId
  readonly device: DeviceId
  readonly epoch: number
  readonly action: string
  readonly parameters?: unknown
  readonly state: 'queued' | 'sent' | 'acknowledged'
  readonly createdAt: number
  readonly expiresAt: number
  readonly sentAt?: number
  readonly acknowledgedAt?: number
  /** What the device answered, as JSON. */
  readonly result?: unknown
  /** Who gave it: an account, or a key of the project. */
  readonly by: string
}

/** `expired`: its time was over before it was acknowledged. `dropped`: the device has changed hands. */
export type CommandState = Command['state'] | 'expired' | 'dropped'

/** What has become of a command by now. */
export const commandState = (
  command: Command,
  device: { readonly epoch: number } | undefined,
  now: number,
): CommandState => {
  if (command.state === 'acknowledged') return 'acknowledged'
  if (device?.epoch !== command.epoch) return 'dropped'
  return now >= command.expiresAt ? 'expired' : command.state
}
