import type { FastifyReply } from 'fastify'
import type { Project } from '../../../shared/model/records.ts'
import { grants } from '../../../shared/registry/project-keys.ts'
import type { SignedIn } from '../../../shared/registry/sessions.ts'
import { networkOf } from '../../address.ts'
import { createAccess } from './access.ts'
import { phoneOf } from './addresses.ts'
import type { Caller } from './callers.ts'
import { type Fault, notSignedIn, refuse } from './faults.ts'
import { type Form, formOf } from './form.ts'
import { time } from './replies.ts'
import type { Room } from './room.ts'
import { SESSION_MS } from './sessions.ts'

const FIELDS = {
  projectId: 'integer',
  appId: 'text',
  phoneNumber: 'text',
  code: 'text',
  email: 'text',
  password: 'text',
  userId: 'integer',
} as const
const signInOf = formOf(FIELDS)
const LONGEST_APP = 255

type Failure = Fault | { readonly retryAfterMs: number }
type SignIn = { readonly project: Project; readonly form: Form<typeof FIELDS> }

/** Who one is, and getting a key: seed 003, Authentication. */
export const authRoutes = (room: Room) => {
  const { registry, on } = room
  const { sessions, users, oneTimeTokens } = registry
  const { projectNamed, projectNumber } = createAccess(room)

  // A wrong key is nobody's: research/mode_thethings_thingful.md 1.2.
  on('get auth', async ({ caller, reply }) => {
    reply.header('cache-control', 'no-store')
    if (caller.kind === 'nobody') return reply.send({ type: caller.kind })
    const projectId = await projectNumber(caller)
    switch (caller.kind) {
      case 'user': {
        const { user, session } = caller
        const app = session.app === undefined ? {} : { appId: session.app }
        return reply.send({ type: caller.kind, userId: user.number, ...app, projectId })
      }
      case 'device':
        return reply.send({ type: caller.kind, deviceId: caller.device.number, projectId })
      case 'project key':
        return reply.send({ type: caller.kind, projectKeyName: caller.key.name, projectId })
    }
  })

  const withPassword = async (
    { project, form }: SignIn,
    address: string,
  ): Promise<SignedIn | Failure> => {
    const { email, password, appId } = form
    if (email === undefined || password === undefined || appId === undefined)
      return 'MISSING_PARAMETERS'
    if (email.length > 254 || password.length > 128) return 'INCORRECT_PASSWORD'
    const signedIn = await sessions.signIn(email, password, address, SESSION_MS, project.id, appId)
    if (!('failed' in signedIn)) return signedIn
    if (signedIn.failed === 'throttled') return signedIn
    // Who does not know the password does not hear whether the address has an account.
    return signedIn.unverified ? 'USER_UNVERIFIED' : 'INCORRECT_PASSWORD'
  }

  const withCode = async ({ project, form }: SignIn): Promise<SignedIn | Failure> => {
    const { phoneNumber, code, appId } = form
    if (phoneNumber === undefined || code === undefined || appId === undefined)
      return 'MISSING_PARAMETERS'
    const phone = phoneOf(phoneNumber)
    const user = phone === undefined ? undefined : await users.findByPhone(project.id, phone)
    if (user === undefined) return 'INVALID_AUTH_CODE'
    const held = await oneTimeTokens.redeemCode(project.id, user.id, code)
    if (held.state === 'refused') return 'INVALID_AUTH_CODE'
    // Who has read the message has the number.
    await users.prove({ project: project.id, user: user.id }, {})
    return sessions.open(user, SESSION_MS, appId)
  }

  const withKey = async (
    { project, form }: SignIn,
    caller: Caller,
  ): Promise<SignedIn | Failure> => {
    if (caller.kind !== 'project key' || caller.key.project !== project.id)
      return 'PERMISSION_DENIED'
    if (!grants(caller.key, 'byou')) return 'PERMISSION_DENIED'
    if (form.userId === undefined) return 'MISSING_PARAMETERS'
    const user = await users.findByNumber(project.id, form.userId)
    return user === undefined ? 'INVALID_USER_ID' : sessions.open(user, SESSION_MS, form.appId)
  }

  const signIn = (step: SignIn, caller: Caller, address: string) => {
    switch (step.project.accounts) {
      case 'email':
        return withPassword(step, address)
      case 'phone':
        return withCode(step)
      case 'byou':
        return withKey(step, caller)
    }
  }

  const answer = async (reply: FastifyReply, done: SignedIn | Failure) => {
    if (typeof done === 'string') return refuse(reply, done)
    if ('retryAfterMs' in done) return refuse(reply, 'TOO_MANY_REQUESTS', done.retryAfterMs)
    const { token, expiresAt } = await sessions.issue(done, 'access', SESSION_MS)
    return reply
      .header('cache-control', 'no-store')
      .send({ token, userId: done.user.number, expirationTime: time(expiresAt) })
  }

  on('sign in', async ({ caller, request, reply }) => {
    const form = signInOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    if (form.projectId === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    if ((form.appId?.length ?? 0) > LONGEST_APP) return refuse(reply, 'INVALID_PARAMETER')
    const project = await projectNamed(form.projectId)
    if (project === undefined) return refuse(reply, 'INVALID_PARAMETER')
    // "Required for BYOU projects only": who signs in again may still send a key that has ended.
    if (project.accounts === 'byou' && caller.kind === 'nobody') return notSignedIn(reply)
    return answer(reply, await signIn({ project, form }, caller, networkOf(request.ip)))
  })
}
