import type { FastifyReply } from 'fastify'
import { retryAfterSeconds } from '../../problem.ts'

type Row = readonly [status: number, error: string, description: string]

/**
 * What goes wrong: `error` for programs, the description for people. Only what is about a token speaks of one, and nothing
 * but a bad token is 401: the platform's clients sign their user out then (research/particle.md 1.5).
 */
const FAULTS = {
  'bad-token': [401, 'invalid_token', 'The access token provided is invalid or has expired.'],
  'wrong-password': [401, 'invalid_credentials', 'User credentials are invalid'],
  'bad-request': [400, 'invalid_request', 'The request cannot be read.'],
  'invalid-client': [400, 'invalid_client', 'Client credentials are invalid'],
  'invalid-grant': [400, 'invalid_grant', 'User credentials are invalid'],
  'bad-renewal': [400, 'invalid_grant', 'The refresh token is invalid'],
  'unauthorized-client': [400, 'unauthorized_client', 'The client may not do that'],
  'unsupported-grant': [400, 'unsupported_grant_type', 'There is no such grant type'],
  'invalid-scope': [400, 'invalid_scope', 'There is no such customer'],
  'customer-exists': [400, 'customer_exists', 'There is a customer of that name already'],
  'user-exists': [400, 'user_exists', 'username must be unique: this one is taken'],
  'not-permitted': [403, 'forbidden', 'You may not do that'],
  'not-yours': [
    403,
    'Permission Denied',
    "I didn't recognize that device name or ID, try opening /v1/devices",
  ],
  'owned-by-another': [
    403,
    'owned_by_another',
    'That belongs to someone else. To request a transfer add ?request_transfer=true to the URL.',
  ],
  'no-device': [404, 'device_not_found', 'device not found'],
  'no-product': [404, 'product_not_found', 'product not found'],
  'no-customer': [404, 'customer_not_found', 'customer not found'],
  'no-client': [404, 'client_not_found', 'client not found'],
  'not-found': [404, 'not_found', 'There is nothing at this path.'],
  'no-prefix': [400, 'event prefix filter is required', 'event prefix filter is required'],
  'timed-out': [408, 'timed out', 'The device did not answer in time.'],
  offline: [408, 'timed out', 'The device is not connected.'],
  'too-large': [413, 'request_too_large', 'The request is too large.'],
  'too-many': [429, 'too_many_requests', 'Too many requests. Try again later.'],
  internal: [500, 'server_error', 'Something went wrong here.'],
  unavailable: [503, 'temporarily_unavailable', 'Try again in a moment.'],
} as const satisfies Record<string, Row>

/** Why a request was refused. */
export type Fault = keyof typeof FAULTS

/** Words in the stead of the row's own; never what was sent to us. */
export type More = { readonly words?: string; readonly retryAfterMs?: number | undefined }

/** Every shape of an error that one of the platform's clients reads, in one (research/particle.md 1.5). */
export const errorBody = (error: string, words: string) => ({
  ok: false,
  error,
  error_description: words,
  errors: [words],
  info: words,
})

/** The one way to refuse. */
export const refuse = (reply: FastifyReply, fault: Fault, more: More = {}): FastifyReply => {
  const [status, error, description] = FAULTS[fault]
  if (more.retryAfterMs !== undefined)
    reply.header('retry-after', retryAfterSeconds(more.retryAfterMs))
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .send(errorBody(error, more.words ?? description))
}

/** A field that is missing or of a wrong form: names it, never what was in it. */
export const badField = (reply: FastifyReply, words: string): FastifyReply =>
  refuse(reply, 'bad-request', { words })
