import type { FastifyReply } from 'fastify'
import { retryAfterSeconds } from '../../problem.ts'

type Row = readonly [status: number, errorCode: number, message: string]

/** What goes wrong, in the platform's words and numbers: research/thingsboard.md 1.4, 1.6. */
const FAULTS = {
  internal: [500, 2, 'Internal server error'],
  unavailable: [503, 2, 'Service unavailable'],
  'not-authenticated': [401, 10, 'Authentication failed'],
  'wrong-credentials': [401, 10, 'Invalid username or password'],
  'wrong-method': [401, 10, 'Authentication method not supported'],
  'token-over': [401, 11, 'Token has expired'],
  'not-permitted': [403, 20, "You don't have permission to perform this operation!"],
  'bad-request': [400, 31, 'Bad Request'],
  'bad-json': [400, 31, 'JSON parse error'],
  'too-large': [413, 31, 'Payload size exceeds the limit'],
  'not-found': [404, 32, "Requested item wasn't found!"],
  'too-many': [429, 33, 'Too many requests for current customer!'],
} as const satisfies Record<string, Row>

/** Why a request was refused. */
export type Fault = keyof typeof FAULTS

type More = { readonly message?: string; readonly retryAfterMs?: number | undefined }

/** Answers with the platform's error envelope. `message` stands in the row's own stead; never what was sent to us. */
export type Refuse = (reply: FastifyReply, fault: Fault, more?: More) => FastifyReply

/** The one way to refuse over HTTP. */
export const createRefuse =
  (now: () => number): Refuse =>
  (reply, fault, { message, retryAfterMs } = {}) => {
    const [status, errorCode, words] = FAULTS[fault]
    if (retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(retryAfterMs))
    return reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('application/json')
      .send({ status, message: message ?? words, errorCode, timestamp: now() })
  }
