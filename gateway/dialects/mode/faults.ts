import type { FastifyReply } from 'fastify'
import { retryAfterSeconds } from '../../problem.ts'

/**
 * Why a request was refused: the platform's own codes, with the status that the reference has a row for
 * (research/mode_thethings_thingful.md 1.1). The last five are ours, where it has none.
 */
export const FAULTS = {
  MISSING_PARAMETERS: 403,
  INVALID_PARAMETER: 403,
  PERMISSION_DENIED: 403,
  MEMBERS_ONLY: 403,
  INVALID_USER_ID: 403,
  INVALID_EMAIL: 403,
  INVALID_PHONE_NUMBER: 403,
  INVALID_AUTH_CODE: 403,
  INVALID_TOKEN: 403,
  INCORRECT_PASSWORD: 403,
  PASSWORD_TOO_SHORT: 403,
  USER_EXISTS: 403,
  USER_EXISTS_UNVERIFIED: 403,
  USER_UNVERIFIED: 403,
  EXCEEDED_MAX_USERS: 403,
  EXCEEDED_MAX_HOMES: 403,
  MEMBER_EXISTS: 403,
  LAST_OWNER: 403,
  DEVICE_NOT_CLAIMABLE: 403,
  DEVICE_ALREADY_IN_HOME: 403,
  DEVICE_OFFLINE: 403,
  EXCEEDED_MAX_KEY_VALUES: 403,
  NOT_FOUND: 404,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const satisfies Record<string, number>

export type Fault = keyof typeof FAULTS

/** Answers with `{"reason": …}`. Never carries what was sent to us. */
export const refuse = (reply: FastifyReply, reason: Fault, retryAfterMs?: number): FastifyReply => {
  if (retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(retryAfterMs))
  return reply.code(FAULTS[reason]).header('cache-control', 'no-store').send({ reason })
}

/** No key, or none of ours: the one answer without a body. */
export const notSignedIn = (reply: FastifyReply): FastifyReply =>
  reply.code(401).header('cache-control', 'no-store').send()
