import type { DeviceEvent } from '../delivery/events.ts'
import type { Command } from '../model/events.ts'

const LONGEST_TYPE = 255
/** As JSON. */
const LONGEST = 64 * 1024

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isShort = (value: unknown): boolean => JSON.stringify(value).length <= LONGEST

/** Something that was read, or what is wrong with it: a member is not there, or not what it should be. */
export type ReadAs<T> =
  | { readonly value: T }
  | { readonly fault: 'MISSING_PARAMETERS' | 'INVALID_PARAMETER' }

const invalid = { fault: 'INVALID_PARAMETER' } as const
const missing = { fault: 'MISSING_PARAMETERS' } as const

const wordOf = (value: unknown): ReadAs<string> => {
  if (value === undefined || value === null || value === '') return missing
  return typeof value === 'string' && value.length <= LONGEST_TYPE ? { value } : invalid
}

/** Absent, or the `null` of a library that has none. */
const objectOf = (value: unknown): ReadAs<Members | undefined> => {
  if (value === undefined || value === null) return { value: undefined }
  return isObject(value) && isShort(value) ? { value } : invalid
}

/**
 * An event: `{eventType, eventData}`. Members that are not known are passed over, and no `eventData` is an empty one, for
 * the platform's own libraries send both (research/mode_thethings_thingful.md 1.6; device-sdk-go v4 omits it).
 */
export const readEvent = (json: unknown): ReadAs<DeviceEvent> => {
  if (!isObject(json)) return invalid
  const { eventType, eventData } = json
  const type = wordOf(eventType)
  if ('fault' in type) return type
  const data = objectOf(eventData)
  return 'fault' in data ? data : { value: { eventType: type.value, eventData: data.value ?? {} } }
}

/** What is to be done: `{action, parameters?}`. */
export const readCommand = (json: unknown): ReadAs<Pick<Command, 'action' | 'parameters'>> => {
  if (!isObject(json)) return invalid
  const action = wordOf(json.action)
  if ('fault' in action) return action
  const parameters = objectOf(json.parameters)
  if ('fault' in parameters) return parameters
  return {
    value: {
      action: action.value,
      ...(parameters.value === undefined ? {} : { parameters: parameters.value }),
    },
  }
}

/** A command as a device reads it. The form is bare, without an id: there is no answer to it. */
export const commandBody = ({ action, parameters }: Command) => ({
  action,
  ...(parameters === undefined ? {} : { parameters }),
})

/** A change of a key-value as a device pushes it; its other members mean nothing (research 1.6). */
export type PushedKeyValue =
  | { readonly action: 'set'; readonly key: string; readonly value: unknown }
  | { readonly action: 'delete'; readonly key: string }

export const readKeyValue = (json: unknown): PushedKeyValue | undefined => {
  if (!isObject(json)) return undefined
  const { action, key, value } = json
  if (typeof key !== 'string') return undefined
  if (action === 'delete') return { action, key }
  return action === 'set' && value !== undefined && value !== null
    ? { action, key, value }
    : undefined
}
