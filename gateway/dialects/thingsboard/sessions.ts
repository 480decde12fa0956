import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import type { SignedIn } from '../../../shared/registry/sessions.ts'
import { networkOf } from '../../address.ts'
import { callerOf } from '../../auth.ts'
import { readBody } from './body.ts'
import { userBody } from './entities.ts'
import { faultOfToken } from './guards.ts'
import { faultOfPassword } from './passwords.ts'
import type { Room } from './room.ts'
import { pairOf, SESSION_MS } from './tokens.ts'

const Text = Type.String()
const credentialsOf = checker(Type.Object({ username: Text, password: Text }))
const renewalOf = checker(Type.Object({ refreshToken: Text }))
const passwordsOf = checker(Type.Object({ currentPassword: Text, newPassword: Text }))

const LONGEST = { email: 254, password: 128 }

/** Signing in and out: research/thingsboard.md 1.6. Native accounts sign in here too. */
export const sessionRoutes = (app: FastifyInstance, { registry, guards, refuse }: Room) => {
  const { sessions, users } = registry

  const answerPair = async (reply: FastifyReply, signedIn: SignedIn) =>
    reply.header('cache-control', 'no-store').send(await pairOf(sessions, signedIn))

  app.post('/auth/login', async (request, reply) => {
    const body = readBody(request, credentialsOf)
    if (body === undefined || body.username.trim() === '' || body.password === '')
      return refuse(reply, 'not-authenticated')
    const { username, password } = body
    if (username.length > LONGEST.email || password.length > LONGEST.password)
      return refuse(reply, 'wrong-credentials')
    const signedIn = await sessions.signIn(username, password, networkOf(request.ip), SESSION_MS)
    if (!('failed' in signedIn)) return answerPair(reply, signedIn)
    if (signedIn.failed === 'wrong') return refuse(reply, 'wrong-credentials')
    return refuse(reply, 'too-many', { retryAfterMs: signedIn.retryAfterMs })
  })

  app.post('/auth/token', async (request, reply) => {
    const token = readBody(request, renewalOf)?.refreshToken
    if (token === undefined || token.trim() === '') return refuse(reply, 'not-authenticated')
    const signedIn = await sessions.check(token, 'refresh')
    if (signedIn === undefined) return refuse(reply, faultOfToken(token))
    // A session of its own: ending one leaves the other.
    return answerPair(reply, await sessions.open(signedIn.user, SESSION_MS))
  })

  for (const url of ['/auth/login', '/auth/token'])
    app.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url,
      handler: (_request, reply) => refuse(reply, 'wrong-method'),
    })

  app.post('/auth/logout', { onRequest: guards.user }, async (request, reply) => {
    await sessions.end(callerOf(request))
    return reply.send()
  })

  app.get('/auth/user', { onRequest: guards.user }, async (request) =>
    userBody(callerOf(request).user),
  )

  app.post('/auth/changePassword', { onRequest: guards.user }, async (request, reply) => {
    const body = readBody(request, passwordsOf)
    if (body === undefined) return refuse(reply, 'bad-request')
    const { user } = callerOf(request)
    const { currentPassword, newPassword } = body
    // A sign-in, because it counts wrong tries; the new password ends its session with all the others.
    const proof =
      currentPassword.length > LONGEST.password
        ? ({ failed: 'wrong' } as const)
        : await sessions.signIn(
            user.email ?? '',
            currentPassword,
            networkOf(request.ip),
            undefined,
            user.project,
          )
    if ('failed' in proof) {
      if (proof.failed === 'throttled')
        return refuse(reply, 'too-many', { retryAfterMs: proof.retryAfterMs })
      return refuse(reply, 'bad-request', { message: "Current password doesn't match!" })
    }
    const message =
      newPassword === currentPassword
        ? 'New password should be different from existing!'
        : faultOfPassword(newPassword)
    if (message !== undefined) return refuse(reply, 'bad-request', { message })
    const changed = await users.setPassword({ project: user.project, user: user.id }, newPassword)
    if (changed === undefined) return refuse(reply, 'not-found')
    return answerPair(reply, await sessions.open(changed, SESSION_MS))
  })
}
