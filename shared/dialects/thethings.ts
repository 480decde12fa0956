import { Type } from 'typebox'
import { checker } from '../check.ts'
import type { Claimed, Refused, Waiting } from '../model/outcomes.ts'
import type { Reason } from '../model/reasons.ts'
import { LONGEST_VALUE, type NewValue } from '../registry/values.ts'

/** A thing's credential, and its public name: 43 base64url characters each (research/mode_thethings_thingful.md 2.1). */
export const THING_TOKEN = /^[A-Za-z0-9_-]{43}$/

/** A code as it is handed out, or any other that a client may send. */
export const ActivationCode = Type.String({ minLength: 1, maxLength: 128 })
/** The id that an app and a thing share; compared as it is. */
export const LinkId = Type.String({ minLength: 1, maxLength: 256 })

// Members that are not known are ignored: newer libraries send some (`productId`).
/** `{linkId}`, from a thing or from an app. */
export const linkOf = checker(Type.Object({ linkId: LinkId }))

const VALUES_AT_ONCE = 100
const Geo = Type.Object({ lat: Type.Number(), long: Type.Number() })
/** The name of a resource. No control characters. */
export const RESOURCE = /^[^\p{Cc}]{1,128}$/u
const valuesOf = checker(
  Type.Object({
    values: Type.Array(
      Type.Object({
        key: Type.String({ pattern: RESOURCE.source }),
        value: Type.Unknown(),
        datetime: Type.Optional(Type.String({ maxLength: 40 })),
        geo: Type.Optional(Geo),
      }),
      { minItems: 1, maxItems: VALUES_AT_ONCE },
    ),
  }),
)

/** The short form of tt-js: its manual has `YYYYMMDDTHHmmss`, examples/read-with-pagination.js `YYYYMMDDHHmmss`. UTC. */
const SHORT_TIME = /^(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)$/

/** A time as the platform's clients write it, as RFC 3339. `undefined`: it is none. */
export const timeOf = (text: string): string | undefined => {
  const ms = Date.parse(text.replace(SHORT_TIME, '$1-$2-$3T$4:$5:$6Z'))
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}

/** Values as a thing writes them: `{values:[{key,value,datetime?,geo?}]}`. `undefined`: they cannot be read, or are too large. */
export const readValues = (body: unknown): readonly NewValue[] | undefined => {
  const checked = valuesOf(body)
  if (!checked.ok) return undefined
  const values: NewValue[] = []
  for (const { key, value, datetime, geo } of checked.value.values) {
    const time = datetime === undefined ? undefined : timeOf(datetime)
    if (datetime !== undefined && time === undefined) return undefined
    const place = geo === undefined ? {} : { geo: { lat: geo.lat, long: geo.long } }
    if (JSON.stringify({ value, ...place }).length > LONGEST_VALUE) return undefined
    values.push({ key, value, datetime: time, ...place })
  }
  return values
}

/** What goes wrong, as the platform says it (research 2.1). The code is the HTTP status. */
export type ErrorBody = {
  readonly status: 'error'
  readonly code: number
  readonly message: string
}

/** The one shape of an error. */
export const errorBody = (code: number, message: string): ErrorBody => ({
  status: 'error',
  code,
  message,
})

/** The answer to a good activation, in this order: tt-ino looks for `thingToken":"`. */
export const activatedBody = (thingToken: string, thingId: string) => ({
  status: 'created',
  thingToken,
  thingId,
})

/** The one answer to a code that is used up and to one that never was. */
export const CODE_REFUSED = errorBody(400, 'The activation code is not valid')

/** The answer to a good write. */
export const WRITTEN = { status: 'success', message: 'created' } as const

/** What became of values that were written: the answer to either writer. */
export const writtenBody = (written: 'written' | 'too-many' | 'unknown') => {
  switch (written) {
    case 'written':
      return WRITTEN
    case 'too-many':
      return errorBody(400, 'The thing has too many resources')
    case 'unknown':
      return errorBody(404, 'There is no such thing')
  }
}

/** What linking is refused with: unknown things are 404, whatever a stranger may not do is 403. */
const REFUSALS: ReadonlyMap<Reason, ErrorBody> = new Map([
  ['device-unknown', errorBody(404, 'There is no such thing')],
  ['owned-by-another', errorBody(403, 'The thing is linked to another user')],
  ['link-contested', errorBody(403, 'The link id is used by somebody else, too')],
  ['too-many-attempts', errorBody(429, 'Too many wrong attempts')],
  ['bad-request', errorBody(400, 'The request cannot be read')],
])

/** An error for a refusal of the engine. */
export const refusalBody = ({ reason }: Pick<Refused, 'reason'>): ErrorBody =>
  REFUSALS.get(reason) ?? errorBody(403, 'The thing cannot be linked')

/** What became of a half, for the side that waits for `other`: seed 000. */
export const linkBody = (
  outcome: Claimed | Waiting | Refused,
  other: 'thing' | 'app',
  thingId: string,
) => {
  switch (outcome.state) {
    case 'waiting':
      return { status: 'success', message: `waiting for ${other}` }
    case 'claimed':
      return { status: 'success', message: 'linked', thingId }
    case 'refused':
      return refusalBody(outcome)
  }
}
