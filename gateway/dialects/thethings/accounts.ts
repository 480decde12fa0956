import type { FastifyInstance, FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { policyInForce } from '../../../shared/model/policy.ts'
import type { Project } from '../../../shared/model/records.ts'
import type { SignedIn } from '../../../shared/registry/sessions.ts'
import { networkOf } from '../../address.ts'
import { badField, refuse } from './faults.ts'
import type { Room } from './room.ts'

/** "Long-lived": research/mode_thethings_thingful.md 2.7, 11. */
const TOKEN_MS = 30 * 86_400_000

const App = Type.String({ minLength: 1, maxLength: 255 })
const Email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f]+@[^\\s@\\u0000-\\u001f]+$',
})

const accountOf = checker(
  Type.Object({ email: Email, password: Type.String({ minLength: 8, maxLength: 128 }), app: App }),
)
const signInOf = checker(
  Type.Object({
    email: Type.String({ minLength: 1, maxLength: 254 }),
    password: Type.String({ minLength: 1, maxLength: 128 }),
    app: Type.Optional(App),
  }),
)

/** Accounts of apps. `app` is a project: by its id, or by its name. */
export const accountRoutes = (app: FastifyInstance, { registry }: Room) => {
  const { sessions, users, projects } = registry

  const answer = async (reply: FastifyReply, status: number, message: string, who: SignedIn) => {
    const { token } = await sessions.issue(who, 'access', TOKEN_MS)
    reply.header('cache-control', 'no-store')
    return reply.code(status).send({ status: 'success', message, token })
  }

  const takesSignUps = ({ accounts, policy }: Project) =>
    accounts === 'email' && policyInForce(policy).signUp

  app.post('/register', async (request, reply) => {
    const body = accountOf(request.body)
    if (!body.ok)
      return badField(reply, 'email, password (8 to 128 characters) and app are required')
    const { email, password, app: ref } = body.value
    const project = await projects.find(ref)
    if (project === undefined) return badField(reply, 'There is no such app')
    if (!takesSignUps(project)) return refuse(reply, 'sign-up-closed')
    const made = await users.create({ project: project.id, email, password, role: 'customer' })
    if (made === 'name-taken') return badField(reply, 'The email is already registered')
    return answer(reply, 201, 'created', await sessions.open(made, TOKEN_MS))
  })

  app.post('/login', async (request, reply) => {
    const body = signInOf(request.body)
    if (!body.ok) return badField(reply, 'email and password are required')
    const { email, password, app: ref } = body.value
    const project = ref === undefined ? undefined : await projects.find(ref)
    if (ref !== undefined && project === undefined) return refuse(reply, 'wrong-credentials')
    const address = networkOf(request.ip)
    const signedIn = await sessions.signIn(email, password, address, TOKEN_MS, project?.id)
    if (!('failed' in signedIn)) return answer(reply, 200, 'logged in', signedIn)
    if (signedIn.failed === 'wrong') return refuse(reply, 'wrong-credentials')
    return refuse(reply, 'too-many', signedIn.retryAfterMs)
  })
}
