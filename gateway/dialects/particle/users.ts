import type { FastifyInstance } from 'fastify'
import type { UserId } from '../../../shared/model/ids.ts'
import { policyInForce } from '../../../shared/model/policy.ts'
import type { User } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { networkOf } from '../../address.ts'
import { callerOf } from '../../auth.ts'
import { faultOfPassword, isEmail, mailReset, PASSWORD, personIn, userBody } from './accounts.ts'
import { badField, type Fault, type More, refuse } from './faults.ts'
import { fieldsOf, isTrue, memberOf, queryOf } from './fields.ts'
import type { Room } from './room.ts'

/** Users: accounts of the `default` project (CONTRACT 6, Particle; research/particle.md 1.2). */
export const userRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, guards } = room
  const { users, sessions, projects, clearing, oneTimeTokens } = registry

  /** Why somebody who is signed in may not do what needs his password too; wrong ones are counted. */
  const faultOfProof = async (
    ip: string,
    { email, project }: User,
    password = '',
  ): Promise<[Fault, More] | undefined> => {
    const shown = password.length > PASSWORD.longest ? '' : password
    const known = await sessions.recognise(email ?? '', shown, networkOf(ip), project)
    if (!('failed' in known)) return undefined
    if (known.failed === 'throttled') return ['too-many', { retryAfterMs: known.retryAfterMs }]
    return ['not-permitted', { words: 'The current password is wrong.' }]
  }

  app.post('/users', async (request, reply) => {
    const fields = fieldsOf(request)
    const [email, password] = [fields.get('username'), fields.get('password')]
    if (email === undefined || !isEmail(email)) return badField(reply, 'username must be an e-mail')
    const fault = faultOfPassword(password)
    if (password === undefined || fault !== undefined)
      return badField(reply, fault ?? 'password is required')
    const project = await projects.find(DEFAULT_PROJECT)
    if (project === undefined || !policyInForce(project.policy).signUp)
      return refuse(reply, 'not-permitted')
    const person = personIn(memberOf(request, 'account_info'))
    const made = await users.create({
      ...{ project: project.id, email, password, role: 'customer', ...person },
    })
    return made === 'name-taken' ? refuse(reply, 'user-exists') : reply.send({ ok: true })
  })

  app.get('/user', { preHandler: guards.user }, async (request) => userBody(callerOf(request).user))

  // For tracking the id alone is asked for: research/particle.md 3.1.
  app.get('/user/identify', { preHandler: guards.user }, async (request) => {
    const { user } = callerOf(request)
    const { username: email } = userBody(user)
    return isTrue(queryOf(request).get('tracking')) ? { id: user.id } : { id: user.id, email }
  })

  app.put('/user', { preHandler: guards.user }, async (request, reply) => {
    const { user } = callerOf(request)
    const ref = { project: user.project, user: user.id }
    const fields = fieldsOf(request)
    if (fields.has('username'))
      return badField(reply, 'username cannot be changed: make another account')
    const password = fields.get('password')
    if (password !== undefined) {
      const fault = faultOfPassword(password)
      if (fault !== undefined) return badField(reply, fault)
      const unproven = await faultOfProof(request.ip, user, fields.get('current_password'))
      if (unproven !== undefined) return refuse(reply, ...unproven)
    }
    const person = personIn(memberOf(request, 'account_info'))
    const changed = await users.change(ref, (present) => ({ ...present, ...person }))
    if (changed === undefined) return refuse(reply, 'bad-token')
    if (password === undefined)
      return reply.send({ ...userBody(changed), ok: true, message: "User's account was updated." })
    // Whatever `invalidate_tokens` says: who knew the old password is signed out.
    await users.setPassword(ref, password)
    return reply.send({ ok: true, message: "User's password updated." })
  })

  app.delete('/user', { preHandler: guards.user }, async (request, reply) => {
    const { user } = callerOf(request)
    const unproven = await faultOfProof(request.ip, user, fieldsOf(request).get('password'))
    if (unproven !== undefined) return refuse(reply, ...unproven)
    await clearing.endUser({ project: user.project, user: user.id })
    return reply.send({ ok: true, message: 'User was deleted.' })
  })

  app.post('/user/password-reset', async (request, reply) => {
    const username = fieldsOf(request).get('username')
    if (username === undefined || username.length > 254)
      return badField(reply, 'username is required')
    const project = await projects.find(DEFAULT_PROJECT)
    if (project !== undefined) await mailReset(room, project.id, username)
    return reply.send({ ok: true, message: 'Password reset email sent.' })
  })

  // What the page of the platform's mail does (research/particle.md 1.2), for users and customers alike.
  app.post('/password', async (request, reply) => {
    const fields = fieldsOf(request)
    const [token, password] = [fields.get('token') ?? '', fields.get('password')]
    const fault = faultOfPassword(password)
    if (password === undefined || fault !== undefined)
      return badField(reply, fault ?? 'password is required')
    const held = await oneTimeTokens.look('reset-password', token)
    const wrong = 'The token of the mail is not good any more.'
    if (held.state === 'refused') return badField(reply, wrong)
    const ref = { project: held.project, user: held.subject as UserId }
    const isDone = await users.prove(ref, held.used, password)
    return isDone ? reply.send({ ok: true }) : badField(reply, wrong)
  })
}
