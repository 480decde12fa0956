import { Type } from 'typebox'
import { checker, parseJson } from '../../../shared/check.ts'
import type { Device } from '../../../shared/model/records.ts'

/** The attributes that are about claiming and live on the device itself, not among its key-values. */
export const CLAIMING_KEYS = { data: 'claimingData', allowed: 'claimingAllowed' } as const

/** The maker's half, as he gives it. */
export type ClaimingData = { readonly secret: string | undefined; readonly expiresAt: number }

const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()])
const formOf = checker(
  Type.Object(
    {
      secretKey: Type.Optional(Type.Union([Scalar, Type.Null()])),
      expirationTime: Type.Optional(Type.Union([Type.Number(), Type.String(), Type.Null()])),
    },
    { additionalProperties: false },
  ),
)

const WHOLE = /^-?\d{1,15}$/

const timeOf = (given: number | string | null | undefined): number | undefined => {
  if (given === undefined || given === null) return 0
  if (typeof given === 'string') return WHOLE.test(given) ? Number(given) : undefined
  return Number.isSafeInteger(Math.trunc(given)) ? Math.trunc(given) : undefined
}

/**
 * Reads `claimingData`, which may be JSON or that JSON as text, its time a number or text: research/thingsboard.md
 * 1.5. No key is the empty key, no time is the year 1970. `undefined`: it cannot be read.
 */
export const claimingDataOf = (value: unknown): ClaimingData | undefined => {
  const json = typeof value === 'string' ? parseJson(Buffer.from(value)) : value
  const form = formOf(json)
  if (!form.ok) return undefined
  const { secretKey, expirationTime } = form.value
  const expiresAt = timeOf(expirationTime)
  if (expiresAt === undefined) return undefined
  return { secret: secretKey == null ? undefined : String(secretKey), expiresAt }
}

/** Both, as they are read: never the secret. Absent when there is none. */
export const claimingAttributesOf = (device: Device) => {
  const updatedAt = device.createdAt
  const { boxKey, claimingAllowed } = device
  return [
    ...(boxKey === undefined
      ? []
      : [{ key: CLAIMING_KEYS.data, value: { expirationTime: boxKey.expiresAt }, updatedAt }]),
    ...(claimingAllowed === true ? [{ key: CLAIMING_KEYS.allowed, value: true, updatedAt }] : []),
  ]
}

/** Lets the device itself open a window, or no longer says anything about it. What the native API forbids stays. */
export const withClaimingAllowed =
  (isAllowed: boolean) =>
  (device: Device): Device => {
    if (isAllowed) return { ...device, claimingAllowed: true }
    if (device.claimingAllowed !== true) return device
    const { claimingAllowed: _allowed, ...rest } = device
    return rest
  }

/** Takes the maker's half away. */
export const withoutBoxKey = ({ boxKey: _boxKey, ...device }: Device): Device => device
