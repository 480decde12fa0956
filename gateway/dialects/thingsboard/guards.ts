import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseJson } from '../../../shared/check.ts'
import type { Role } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'
import { callerOf } from '../../auth.ts'
import type { Fault, Refuse } from './faults.ts'

/** The platform's words for our roles. */
export const AUTHORITY = { maker: 'TENANT_ADMIN', customer: 'CUSTOMER_USER' } as const

const BEARER = /^Bearer +(\S{1,4096})$/i

/** The first of the two headers that is not blank: research/thingsboard.md 1.6. */
const headerOf = ({ headers }: FastifyRequest): string | undefined =>
  [headers['x-authorization'], headers.authorization]
    .flat()
    .map((header) => header?.trim())
    .find((header) => header !== undefined && header !== '')

const JWT = /^([\w-]+)\.[\w-]+\.[\w-]+$/

const isJwt = (token: string): boolean => {
  const head = JWT.exec(token)?.[1]
  const json = head === undefined ? undefined : parseJson(Buffer.from(head, 'base64url'))
  return typeof json === 'object' && json !== null && 'alg' in json
}

/** What is said of a token that is not good: a JWT had its time, anything else never was one. */
export const faultOfToken = (token: string): Fault =>
  isJwt(token) ? 'token-over' : 'wrong-credentials'

/** The guards of this dialect, as `onRequest` hooks: deny by default, before a body is read. */
export const createGuards = ({ sessions }: Registry, refuse: Refuse) => {
  const user = async (request: FastifyRequest, reply: FastifyReply) => {
    const header = headerOf(request)
    if (header === undefined) return refuse(reply, 'not-authenticated')
    const token = BEARER.exec(header)?.[1]
    if (token === undefined) return refuse(reply, 'wrong-credentials')
    const signedIn = await sessions.check(token)
    if (signedIn === undefined) return refuse(reply, faultOfToken(token))
    request.signedIn = signedIn
  }

  const only = (role: Role) => async (request: FastifyRequest, reply: FastifyReply) => {
    await user(request, reply)
    if (reply.sent || callerOf(request).user.role === role) return
    return refuse(reply, 'not-permitted')
  }

  return { user, tenant: only('maker'), customer: only('customer') }
}

export type Guards = ReturnType<typeof createGuards>
