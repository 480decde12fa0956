import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Registry } from '../../../shared/registry/index.ts'
import { refuse } from './faults.ts'

/** The bare token, as the platform has it, or with the scheme that HTTP libraries put before it. */
const SESSION = /^(?:Bearer +)?([A-Za-z0-9._~+/=-]{1,4096})$/i

/** The guard of what needs a user, as an `onRequest` hook: deny by default, before a body is read. */
export const createGuard =
  ({ sessions }: Registry) =>
  async (request: FastifyRequest, reply: FastifyReply) => {
    const { authorization } = request.headers
    const token = authorization === undefined ? undefined : SESSION.exec(authorization.trim())?.[1]
    const signedIn = token === undefined ? undefined : await sessions.check(token)
    if (signedIn === undefined) return refuse(reply, 'not-signed-in')
    request.signedIn = signedIn
  }
