import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Project, User } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { bearerOf, callerOf } from '../../auth.ts'
import { refuse } from './faults.ts'
import { type Fields, fieldsOf, queryOf } from './fields.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The product in the path; `null` until a guard has found it. */
    product: Project | null
  }
}

/** The header; else the deprecated field of a query or a form, which old clients send (research/particle.md 1, 3.2). */
const tokenOf = (request: FastifyRequest): string | undefined =>
  bearerOf(request.headers.authorization) ??
  queryOf(request).get('access_token') ??
  fieldsOf(request).get('access_token')

/** The credentials of a client or a user, as a header or as fields. */
export type Credentials = { readonly name: string; readonly secret: string | undefined }

const BASIC = /^Basic +([A-Za-z0-9+/=_-]{1,2048})$/i

/** What a `Basic` header says (RFC 7617). */
export const basicOf = ({ headers }: FastifyRequest): Credentials | undefined => {
  const code = BASIC.exec(headers.authorization ?? '')?.[1]
  if (code === undefined) return undefined
  const text = Buffer.from(code, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { name: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** Who the client says that it is; clients differ in where (research/particle.md 1). */
export const clientIn = (request: FastifyRequest, fields: Fields): Credentials | undefined => {
  const name = fields.get('client_id')
  return name === undefined
    ? basicOf(request)
    : { name, secret: fields.get('client_secret') ?? basicOf(request)?.secret }
}

/** The product that a guard has found. */
export const productOf = ({ product }: FastifyRequest): Project => {
  if (product === null) throw new Error('a route asks for its product without a guard')
  return product
}

/** Whether a user runs that product: its makers do, and those of `default` (CONTRACT 6, Particle). */
export const isTeam = async (
  { projects }: Registry,
  user: User,
  product: Project,
): Promise<boolean> => {
  if (user.role !== 'maker') return false
  if (user.project === product.id) return true
  return (await projects.get(user.project))?.name === DEFAULT_PROJECT
}

/**
 * The guards of this dialect, as `preHandler` hooks, because the token may stand in the body; deny by default. A product that
 * is not there and one that is somebody else's look the same.
 */
export const createGuards = (registry: Registry) => {
  const user = async (request: FastifyRequest, reply: FastifyReply) => {
    const token = tokenOf(request)
    const signedIn = token === undefined ? undefined : await registry.sessions.check(token)
    if (signedIn === undefined) return refuse(reply, 'bad-token')
    request.signedIn = signedIn
  }

  /** Who can own a device. A program that runs its product has an account there, but is nobody. */
  const owner = async (request: FastifyRequest, reply: FastifyReply) => {
    await user(request, reply)
    if (reply.sent) return reply
    const { role, email } = callerOf(request).user
    if (role === 'maker' && email === undefined)
      return refuse(reply, 'not-permitted', {
        words:
          'This token runs the product and owns nothing: ask for one with scope=customer=<e-mail>.',
      })
  }

  /** Finds the product of the path: by its slug, which is its name, or by its number. */
  const product = async (request: FastifyRequest, reply: FastifyReply) => {
    const { product: ref } = request.params as { product: string }
    const found = await registry.projects.find(ref)
    if (found === undefined || found.name === DEFAULT_PROJECT) return refuse(reply, 'no-product')
    request.product = found
  }

  /** Only who runs the product. A customer of it is told where he belongs. */
  const team = async (request: FastifyRequest, reply: FastifyReply) => {
    await user(request, reply)
    if (reply.sent) return reply
    await product(request, reply)
    if (reply.sent) return reply
    const caller = callerOf(request).user
    if (await isTeam(registry, caller, productOf(request))) return
    if (caller.project !== productOf(request).id) return refuse(reply, 'no-product')
    return refuse(reply, 'not-permitted', {
      words: 'This is for the team of the product. Customers use /v1/devices.',
    })
  }

  /** Only customers of the product. */
  const customer = async (request: FastifyRequest, reply: FastifyReply) => {
    await user(request, reply)
    if (reply.sent) return reply
    await product(request, reply)
    if (reply.sent) return reply
    const caller = callerOf(request).user
    if (caller.project === productOf(request).id && caller.role === 'customer') return
    if (await isTeam(registry, caller, productOf(request)))
      return refuse(reply, 'not-permitted', {
        words: 'This is for customers of the product. Users claim with /v1/device_claims.',
      })
    return refuse(reply, 'no-product')
  }

  return { user, owner, product, team, customer }
}

export type Guards = ReturnType<typeof createGuards>
