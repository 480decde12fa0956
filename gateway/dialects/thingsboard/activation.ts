import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { readBody } from './body.ts'
import { faultOfPassword } from './passwords.ts'
import type { Room } from './room.ts'
import { pairOf, SESSION_MS } from './tokens.ts'

const formOf = checker(Type.Object({ activateToken: Type.String(), password: Type.String() }))
const Query = Type.Object({ activateToken: Type.String({ minLength: 1, maxLength: 255 }) })

/** The first password of an account that the tenant made: research/thingsboard.md 1.6. */
export const activationRoutes = (app: FastifyInstance, { registry, refuse }: Room) => {
  const { activations, sessions } = registry

  app.get<{ Querystring: { activateToken: string } }>(
    '/noauth/activate',
    { schema: { querystring: Query } },
    async (request, reply) => {
      const { activateToken } = request.query
      switch (await activations.look(activateToken)) {
        case 'unknown':
          return reply.code(409).send()
        case 'expired':
          return reply.redirect('/activationLinkExpired', 303)
        case 'good': {
          const query = new URLSearchParams({ activateToken })
          return reply.redirect(`/login/createPassword?${query}`, 303)
        }
      }
    },
  )

  app.post('/noauth/activate', async (request, reply) => {
    const form = readBody(request, formOf)
    if (form === undefined) return refuse(reply, 'bad-json')
    const message = faultOfPassword(form.password)
    if (message !== undefined) return refuse(reply, 'bad-request', { message })
    const user = await activations.redeem(form.activateToken, form.password)
    // The platform names the token in its message; here it is not said again.
    if (user === 'unknown')
      return refuse(reply, 'bad-request', {
        message: 'Unable to find user credentials by activateToken',
      })
    if (user === 'expired')
      return refuse(reply, 'bad-request', { message: 'Activation token expired' })
    const signedIn = await sessions.open(user, SESSION_MS)
    return reply.header('cache-control', 'no-store').send(await pairOf(sessions, signedIn))
  })
}
