import type { FastifyInstance } from 'fastify'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import type { SignedIn } from '../../../shared/registry/sessions.ts'
import { networkOf } from '../../address.ts'
import { bearerOf, callerOf } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { readCredentials } from './body.ts'
import { refuse, sendDocument } from './faults.ts'

/** The platform does not say how long a token lives; its sample does for about a month. */
const TOKEN_MS = 30 * 86_400_000
const LONGEST = { username: 254, password: 128 }

/** What a token of ours stands for there: the account itself, which has no private resources here. */
const KIND = { principal: true, private: false }

/** RFC 3339 in whole seconds, as in the seed. */
const time = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

/** Signing in and out: seed 001. `username` is the e-mail address of an account of `default`. */
export const sessionRoutes = (app: FastifyInstance, { registry }: GatewayContext) => {
  const { sessions, projects } = registry

  /** The document of a new token. */
  const tokenOf = async (signedIn: SignedIn) => {
    const { token, id, issuedAt, expiresAt } = await sessions.issue(
      signedIn,
      'access',
      TOKEN_MS,
      KIND,
    )
    const attributes = { token, issued_at: time(issuedAt), expires_at: time(expiresAt), ...KIND }
    return { data: { type: 'token', id, attributes } }
  }

  app.post('/login', async (request, reply) => {
    if (request.body === undefined) return refuse(reply, 'malformed')
    const read = readCredentials(request.body)
    if (!read.ok) return refuse(reply, 'invalid', { pointers: read.pointers })
    const { username, password } = read.value
    if (username.length > LONGEST.username || password.length > LONGEST.password)
      return refuse(reply, 'wrong-credentials')
    const project = await projects.find(DEFAULT_PROJECT)
    if (project === undefined) return refuse(reply, 'wrong-credentials')
    const address = networkOf(request.ip)
    const signedIn = await sessions.signIn(username, password, address, TOKEN_MS, project.id)
    if (!('failed' in signedIn)) return sendDocument(reply, await tokenOf(signedIn))
    if (signedIn.failed === 'wrong') return refuse(reply, 'wrong-credentials')
    return refuse(reply, 'too-many', { retryAfterMs: signedIn.retryAfterMs })
  })

  // A GET that changes something, as the platform has it: so nothing but this header opens it, no HEAD stands in for
  // it, and nothing on the way may keep its answer.
  app.get(
    '/logout',
    {
      exposeHeadRoute: false,
      onRequest: async (request, reply) => {
        const token = bearerOf(request.headers.authorization)
        const signedIn = token === undefined ? undefined : await sessions.check(token)
        if (signedIn === undefined) return refuse(reply, 'not-signed-in')
        request.signedIn = signedIn
      },
    },
    async (request, reply) => {
      await sessions.endAll(callerOf(request).user)
      return reply.code(204).send()
    },
  )
}
