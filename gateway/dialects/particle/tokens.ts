import type { FastifyInstance } from 'fastify'
import { NEVER } from '../../../shared/registry/access-tokens.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { networkOf } from '../../address.ts'
import { callerOf } from '../../auth.ts'
import { refuse } from './faults.ts'
import { fieldsOf } from './fields.ts'
import { granted, programOf, tokenBody } from './grants.ts'
import { basicOf, clientIn } from './guards.ts'
import type { Room } from './room.ts'

/** `POST /oauth/token`: research/particle.md 1.1. */
export const oauthRoutes = (app: FastifyInstance, room: Room) => {
  app.post('/token', async (request, reply) => {
    const fields = fieldsOf(request)
    const address = networkOf(request.ip)
    const program = await programOf(room, clientIn(request, fields), address)
    if ('denied' in program) return refuse(reply, program.denied, program)
    const answer = await granted(room, program, fields, address)
    if ('denied' in answer) return refuse(reply, answer.denied, answer)
    return reply
      .header('cache-control', 'no-store')
      .header('pragma', 'no-cache')
      .send(tokenBody(answer))
  })
}

const timeOf = (at: number): string | null => (at === NEVER ? null : new Date(at).toISOString())

/** The tokens of a user, and their ends: research/particle.md 1.1. */
export const tokenRoutes = (app: FastifyInstance, { registry, guards }: Room) => {
  const { accessTokens, sessions, projects } = registry

  app.get('/access_tokens/current', { preHandler: guards.user }, async (request, reply) => {
    const { session } = callerOf(request)
    const client = session.app ?? 'latchkey'
    return reply.header('cache-control', 'no-store').send({
      expires_at: timeOf(session.expiresAt),
      client,
      client_id: client,
      scopes: [],
      orgs: [],
    })
  })

  app.delete('/access_tokens/current', { preHandler: guards.user }, async (request, reply) => {
    await accessTokens.end(callerOf(request))
    return reply.send({ ok: true })
  })

  app.delete('/access_tokens', { preHandler: guards.user }, async (request, reply) => {
    await accessTokens.endAll(callerOf(request).user)
    return reply.send({ ok: true })
  })

  // Who has the token may end it, and nobody is told whether it was one: the newest client sends nothing else (6.10).
  app.delete<{ Params: { token: string } }>('/access_tokens/:token', async (request, reply) => {
    const signedIn = await sessions.check(request.params.token)
    if (signedIn !== undefined) await accessTokens.end(signedIn)
    return reply.send({ ok: true })
  })

  app.get('/access_tokens', async (request, reply) => {
    const shown = basicOf(request)
    const realm = await projects.find(DEFAULT_PROJECT)
    if (shown?.secret === undefined || realm === undefined || shown.secret.length > 128)
      return refuse(reply, 'wrong-password')
    const address = networkOf(request.ip)
    const user = await sessions.recognise(shown.name, shown.secret, address, realm.id)
    if ('failed' in user)
      return user.failed === 'wrong'
        ? refuse(reply, 'wrong-password')
        : refuse(reply, 'too-many', { retryAfterMs: user.retryAfterMs })
    const tokens = await accessTokens.list(user)
    return reply
      .header('cache-control', 'no-store')
      .send(
        tokens.map((one) => ({ ...one, expires_at: timeOf(one.expiresAt), expiresAt: undefined })),
      )
  })
}
