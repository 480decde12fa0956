import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HomeId } from '../shared/model/ids.ts'
import type { Project, ProjectKey, User } from '../shared/model/records.ts'
import type { Registry } from '../shared/registry/index.ts'
import { grants, type KeyGrant } from '../shared/registry/project-keys.ts'
import { DEFAULT_PROJECT } from '../shared/registry/projects.ts'
import type { SignedIn } from '../shared/registry/sessions.ts'
import { sendProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who the request's token stands for; `null` until a route's guard has asked. */
    signedIn: SignedIn | null
    /** The project key that the request came with instead; only behind a guard that takes one. */
    projectKey: ProjectKey | null
  }
}

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,4096})$/i

/** The token of a header like `Bearer x`. `undefined`: there is none of that form. */
export const bearerOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' ? BEARER.exec(header)?.[1] : undefined

/** Who a guarded request comes from. Only behind a guard. */
export const callerOf = (request: FastifyRequest): SignedIn => {
  if (request.signedIn === null) throw new Error('a route asks for its caller without a guard')
  return request.signedIn
}

/** The guards of the native API, as `onRequest` hooks: deny by default, before a body is read. */
export const createGuards = (registry: Registry) => {
  const user = async (request: FastifyRequest, reply: FastifyReply) => {
    const token = bearerOf(request.headers.authorization)
    const signedIn = token === undefined ? undefined : await registry.sessions.check(token)
    if (signedIn === undefined) return sendProblem(reply, { status: 401, reason: 'not-permitted' })
    request.signedIn = signedIn
  }

  const maker = async (request: FastifyRequest, reply: FastifyReply) => {
    await user(request, reply)
    if (reply.sent || callerOf(request).user.role === 'maker') return
    return sendProblem(reply, { status: 403, reason: 'not-permitted' })
  }

  const anyone = async (request: FastifyRequest) => {
    const token = bearerOf(request.headers.authorization)
    request.signedIn =
      (token === undefined ? undefined : await registry.sessions.check(token)) ?? null
  }

  /** A user, or a program of the maker with a key that is granted this (CONTRACT 2: commands). */
  const userOrKey = (grant: KeyGrant) => async (request: FastifyRequest, reply: FastifyReply) => {
    const token = bearerOf(request.headers.authorization)
    const key = token === undefined ? undefined : await registry.projectKeys.find(token)
    if (key === undefined) return user(request, reply)
    if (!grants(key, grant)) return sendProblem(reply, { status: 403, reason: 'not-permitted' })
    request.projectKey = key
  }

  return { user, maker, anyone, userOrKey }
}

export type Guards = ReturnType<typeof createGuards>

/** The project a maker's call is about: his own, or any other for a maker of `default`. `undefined`: none that he may know of. */
export const projectFor = async (
  { projects }: Registry,
  { project, role }: User,
  wanted: string | undefined,
): Promise<Project | undefined> => {
  const own = await projects.get(project)
  if (wanted === undefined || own === undefined) return own
  const named = await projects.find(wanted)
  if (named === undefined || named.id === own.id) return named
  return role === 'maker' && own.name === DEFAULT_PROJECT ? named : undefined
}

/** Whether a user may act for a home: the one that he lives in, or one that he is a member of at this moment. */
export const isMember = async ({ members }: Registry, user: User, home: HomeId): Promise<boolean> =>
  user.home === home || members.isMember(user.project, home, user.id)

/** Whether the maker lets this user claim devices at all. */
export const mayClaim = (user: User): boolean => !user.withheld.includes('claim-devices')
