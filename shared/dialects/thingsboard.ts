import { parseJson } from '../check.ts'
import type { WindowRule } from '../claim/rules.ts'

/** A ThingsBoard window: 24 h unless said otherwise, a key is optional. research/thingsboard.md 2.1, 2.3. */
export const THINGSBOARD_WINDOW: WindowRule = {
  defaultMs: 86_400_000,
  secretOptional: true,
  outside: 'cap',
}

/** What a device sends to be claimed. `undefined`: not given, or 0 and less, which means the same there. */
export type ClaimInfo = {
  readonly secret: string | undefined
  readonly durationMs: number | undefined
}

/**
 * What is wrong with it: `malformed` (not JSON, not an object, an object where a value belongs) or `wrong-type`
 * (`null`, or a duration that is no number). ThingsBoard answers the two differently over HTTP.
 */
export type ClaimInfoFault = 'malformed' | 'wrong-type'

type Read<T> = { readonly value: T } | { readonly fault: ClaimInfoFault }

/** Gson takes the only element of an array for the array: research/thingsboard.md 1.1. */
const unwrapped = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? unwrapped(value[0]) : value

const faultOf = (value: unknown): { readonly fault: ClaimInfoFault } => ({
  fault: typeof value === 'object' && value !== null ? 'malformed' : 'wrong-type',
})

// Numbers and booleans are taken as text: research/thingsboard.md 1.1.
const textOf = (given: unknown): Read<string> => {
  const value = unwrapped(given)
  if (typeof value === 'string') return { value }
  if (typeof value === 'number' || typeof value === 'boolean') return { value: String(value) }
  return faultOf(value)
}

const WHOLE = /^[+-]?\d{1,19}$/

// The official Python example sends durations as text: research/thingsboard.md 1.1.
const wholeOf = (given: unknown): Read<number> => {
  const value = unwrapped(given)
  if (typeof value === 'number') return { value: Math.trunc(value) }
  if (typeof value === 'string' && WHOLE.test(value)) return { value: Number(value) }
  return faultOf(value)
}

/** Reads claim info out of parsed JSON. Unknown members are ignored, as there. */
export const claimInfoOf = (json: unknown): ClaimInfo | ClaimInfoFault => {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return 'malformed'
  const members = new Map<string, unknown>(Object.entries(json))
  const secret: Read<string | undefined> = members.has('secretKey')
    ? textOf(members.get('secretKey'))
    : { value: undefined }
  if ('fault' in secret) return secret.fault
  const duration: Read<number> = members.has('durationMs')
    ? wholeOf(members.get('durationMs'))
    : { value: 0 }
  if ('fault' in duration) return duration.fault
  return {
    secret: secret.value,
    durationMs: duration.value > 0 ? duration.value : undefined,
  }
}

/** Reads claim info from the wire. An empty payload is an empty object. */
export const readClaimInfo = (payload: Uint8Array): ClaimInfo | ClaimInfoFault =>
  claimInfoOf(payload.length === 0 ? {} : parseJson(payload))
