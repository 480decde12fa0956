import type { FastifyReply } from 'fastify'
import type { Fault } from '../shared/check.ts'
import { REASONS, type Reason } from '../shared/model/reasons.ts'

/** RFC 9457 with our stable `reason`. */
export type Problem = {
  readonly status: number
  readonly reason: Reason | 'unavailable'
  readonly title?: string
  readonly detail?: string
  readonly retryAfterMs?: number
  readonly errors?: readonly Fault[]
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not permitted',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Different request under the same key',
  429: 'Too many wrong tries',
  503: 'Not available',
}

/** Whole seconds for `Retry-After`, at least one. */
export const retryAfterSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000))

/** Sends a problem. Never carries what was sent to us. */
export const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  const { status, reason, retryAfterMs, errors } = problem
  const known = reason === 'unavailable' ? undefined : REASONS[reason].detail
  const detail = problem.detail ?? known
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(retryAfterMs))
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .send({
      type: `urn:latchkey:problem:${reason}`,
      title: problem.title ?? TITLES[status] ?? 'Error',
      status,
      reason,
      ...(detail === undefined ? {} : { detail }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(errors === undefined ? {} : { errors }),
    })
}
