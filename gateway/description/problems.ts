import { Type } from 'typebox'
import { ReasonWord } from '../../shared/model/device-messages.ts'
import type { Call } from './call.ts'
import type { Route } from './routes.ts'

/** RFC 9457, as every call of ours refuses. */
export const Problem = Type.Object(
  {
    type: Type.String({ format: 'uri', description: '`urn:latchkey:problem:` and the reason' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    reason: Type.Union([
      ReasonWord,
      Type.Literal('unavailable', { description: 'Not now: the store cannot be reached.' }),
    ]),
    detail: Type.Optional(Type.String({ description: 'For a person' })),
    retryAfterMs: Type.Optional(Type.Integer({ minimum: 1 })),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          { path: Type.String({ description: 'JSON Pointer' }), message: Type.String() },
          { additionalProperties: false },
        ),
        { description: 'What is wrong with the members that were sent' },
      ),
    ),
  },
  { additionalProperties: false, description: 'RFC 9457, with a stable `reason`' },
)

/** What each status of a problem means here. */
export const STATUSES: Readonly<Record<number, string>> = {
  400: 'Not of the documented form',
  401: 'Not signed in, or not any more',
  403: 'Not permitted',
  404: 'Not there, or not for the caller',
  409: 'In conflict with what is there, or an equal request is being worked on',
  413: 'Too large',
  415: 'Not a media type of this call',
  422: 'The Idempotency-Key belongs to another request',
  429: 'Too many; wait as long as Retry-After says',
  503: 'Not available now; try again after Retry-After',
}

/** The statuses of problems that a call can answer: its own, and those of every call of its kind. */
export const problemsOf = (call: Call, route: Route): readonly number[] => {
  const isPost = route.on.startsWith('POST ')
  const takesBody = route.body !== undefined || call.takes !== undefined
  const isGuarded = call.by !== 'anyone' && call.by !== 'this machine'
  const all = new Set([
    ...(call.problems ?? []),
    503,
    400,
    ...(isGuarded ? [401] : []),
    ...(call.by === 'maker' || call.by === 'user or key' ? [403] : []),
    ...(takesBody ? [413, 415] : []),
    // gateway/idempotency.ts
    ...(isPost ? [409, 422] : []),
  ])
  return [...all].sort((a, b) => a - b)
}
