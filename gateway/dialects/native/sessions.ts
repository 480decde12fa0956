import type { FastifyInstance } from 'fastify'
import type { Static } from 'typebox'
import { Type } from 'typebox'
import { SESSION_TTL_MS } from '../../../shared/registry/sessions.ts'
import { networkOf } from '../../address.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { ProjectRef, time } from './shapes.ts'

const Credentials = Type.Object(
  {
    email: Type.String({ maxLength: 254 }),
    password: Type.String({ maxLength: 128 }),
    // Accounts that are known in their project alone.
    project: Type.Optional(ProjectRef),
  },
  { additionalProperties: false },
)

/** Signing in and out. Signing out ends every token of the user, in every dialect and on every node. */
export const sessionRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  const { sessions } = registry

  app.post<{ Body: Static<typeof Credentials> }>(
    '/sessions',
    { schema: { body: Credentials } },
    async (request, reply) => {
      const { email, password, project: ref } = request.body
      const realm = ref === undefined ? undefined : await registry.projects.find(ref)
      const signedIn =
        ref !== undefined && realm === undefined
          ? ({ failed: 'wrong' } as const)
          : await sessions.signIn(email, password, networkOf(request.ip), undefined, realm?.id)
      if ('failed' in signedIn) {
        if (signedIn.failed === 'throttled')
          return sendProblem(reply, {
            status: 429,
            reason: 'too-many-attempts',
            retryAfterMs: signedIn.retryAfterMs,
          })
        const detail = 'The e-mail address or the password is wrong.'
        return sendProblem(reply, { status: 401, reason: 'not-permitted', detail })
      }
      const { user } = signedIn
      const { token, expiresAt } = await sessions.issue(signedIn, 'access', SESSION_TTL_MS)
      const { id, role, project, home } = user
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({
          token,
          expiresAt: time(expiresAt),
          user: { id, email: user.email, role, project, home },
        })
    },
  )

  app.delete('/sessions', { onRequest: guards.user }, async (request, reply) => {
    await sessions.endAll(callerOf(request).user)
    return reply.code(204).header('cache-control', 'no-store').send()
  })
}
