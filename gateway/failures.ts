import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { StoreDown } from '../shared/errors.ts'
import { TooBusy } from '../shared/guard/passwords.ts'
import type { Log } from '../shared/log.ts'

/** Why a request threw: an outage, what Fastify itself refuses, or a defect of ours. */
export type Failure = 'unavailable' | 'too-large' | 'wrong-type' | 'bad-request' | 'internal'

const RETRY_MS = 1000

const OF_STATUS: ReadonlyMap<number, Failure> = new Map([
  [413, 'too-large'],
  [415, 'wrong-type'],
])

const failureOf = (error: FastifyError): Failure => {
  if (error instanceof StoreDown || error instanceof TooBusy) return 'unavailable'
  const { statusCode = 500 } = error
  if (statusCode < 400 || statusCode >= 500) return 'internal'
  return OF_STATUS.get(statusCode) ?? 'bad-request'
}

/** Answers what a route throws in a dialect's own words. A defect is logged by its route: a credential may stand in a path. */
export const answerFailures = (
  app: FastifyInstance,
  log: Log,
  refuse: (reply: FastifyReply, failure: Failure, retryAfterMs: number | undefined) => FastifyReply,
): void => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const failure = failureOf(error)
    if (failure === 'internal')
      log.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'request failed',
      )
    return refuse(reply, failure, failure === 'unavailable' ? RETRY_MS : undefined)
  })
}
