import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { parse } from 'secure-json-parse'
import type { Static, TSchema } from 'typebox'

/** One strict validator for HTTP and MQTT bodies alike: nothing is coerced, nothing silently dropped. */
const ajv = new Ajv({
  strict: true,
  strictTypes: false,
  allErrors: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
})
addFormats.default(ajv)

/** One fault of a body, without the value that was sent. */
export type Fault = { readonly path: string; readonly message: string }

/** What a body was parsed into, or what is wrong with it. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] }

const faultOf = ({ instancePath, message, params }: ErrorObject): Fault => {
  const extra = (params as { additionalProperty?: string }).additionalProperty
  const path = extra === undefined ? instancePath : `${instancePath}/${extra.slice(0, 64)}`
  return { path, message: message ?? 'is not valid' }
}

/** Compiles a schema once, into a function from `unknown` to a typed value. */
export const checker = <S extends TSchema>(schema: S): ((value: unknown) => Checked<Static<S>>) => {
  const validate = ajv.compile(schema)
  return (value) =>
    validate(value)
      ? { ok: true, value: value as Static<S> }
      : { ok: false, faults: (validate.errors ?? []).map(faultOf) }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * JSON from the wire: well-formed UTF-8, no `__proto__`, no lone surrogates or NUL anywhere. `undefined`: it is not.
 */
export const parseJson = (bytes: Uint8Array): unknown => {
  try {
    const text = decoder.decode(bytes)
    const value: unknown = parse(text, null, { protoAction: 'error', constructorAction: 'error' })
    return isWellFormed(value) ? value : undefined
  } catch {
    return undefined
  }
}

const DEEPEST = 32

/** Whether every text in a value can be stored and compared: no lone surrogate, no NUL. Bounded in depth. */
export const isWellFormed = (value: unknown, depth = 0): boolean => {
  if (typeof value === 'string') return isWellFormedText(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth >= DEEPEST) return false
  if (Array.isArray(value)) return value.every((item) => isWellFormed(item, depth + 1))
  return Object.entries(value).every(
    ([name, item]) => isWellFormedText(name) && isWellFormed(item, depth + 1),
  )
}

const LONE_SURROGATE = /\p{Surrogate}/u

const isWellFormedText = (text: string) => !text.includes('\0') && !LONE_SURROGATE.test(text)
