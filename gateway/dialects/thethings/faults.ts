import type { FastifyReply } from 'fastify'
import { type ErrorBody, errorBody } from '../../../shared/dialects/thethings.ts'
import { retryAfterSeconds } from '../../problem.ts'

/** What goes wrong, in the platform's envelope: research/mode_thethings_thingful.md 2.1. */
export const FAULTS = {
  'bad-request': errorBody(400, 'The request cannot be read'),
  'not-signed-in': errorBody(401, 'Invalid session token'),
  'wrong-credentials': errorBody(401, 'Wrong email or password'),
  'sign-up-closed': errorBody(403, 'Users cannot register in this app'),
  'not-found': errorBody(404, 'Not found'),
  'no-thing': errorBody(404, 'There is no such thing'),
  'no-resource': errorBody(404, 'There is no such resource'),
  'too-large': errorBody(413, 'The request is too large'),
  'too-many': errorBody(429, 'Too many requests'),
  internal: errorBody(500, 'Something went wrong here'),
  unavailable: errorBody(503, 'Try again in a moment'),
} as const satisfies Record<string, ErrorBody>

/** Why a request was refused. */
export type Fault = keyof typeof FAULTS

/** Answers with a body whose `code` is its status. Never carries what was sent to us. */
export const sendError = (reply: FastifyReply, body: ErrorBody, retryAfterMs?: number) => {
  if (retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(retryAfterMs))
  return reply.code(body.code).send(body)
}

/** Answers with one of the faults. */
export const refuse = (reply: FastifyReply, fault: Fault, retryAfterMs?: number): FastifyReply =>
  sendError(reply, FAULTS[fault], retryAfterMs)

/** A field that is missing or of a wrong form; names it, never what was in it. */
export const badField = (reply: FastifyReply, words: string): FastifyReply =>
  sendError(reply, errorBody(400, words))
