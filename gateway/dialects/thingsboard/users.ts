import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { type HomeId, isUuid, type ProjectId, type UserId } from '../../../shared/model/ids.ts'
import type { Role } from '../../../shared/model/records.ts'
import type { NewUser } from '../../../shared/registry/users.ts'
import { callerOf } from '../../auth.ts'
import { readBody } from './body.ts'
import { NULL_UUID, userBody } from './entities.ts'
import { orNull, Reference } from './forms.ts'
import type { Room } from './room.ts'

const Short = Type.String({ maxLength: 255 })

const UserForm = Type.Object({
  id: orNull(Reference),
  email: orNull(Type.String()),
  authority: orNull(Type.String()),
  customerId: orNull(Reference),
  firstName: orNull(Short),
  lastName: orNull(Short),
})
type UserForm = Static<typeof UserForm>
const formOf = checker(UserForm)

const EMAIL = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u
const LONGEST_EMAIL = 254

const ROLES = new Map<string, Role>([
  ['TENANT_ADMIN', 'maker'],
  ['CUSTOMER_USER', 'customer'],
])

type ById = { Params: { userId: string } }

const namesOf = ({ firstName, lastName }: UserForm) => ({
  ...(firstName ? { firstName } : {}),
  ...(lastName ? { lastName } : {}),
})

/** Accounts as the tenant makes them: research/thingsboard.md 1.6. */
export const userRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, guards, refuse, publicUrl } = room
  const { users, homes, activations } = registry

  /** A new account, or in the platform's words why there can be none. */
  const wantedOf = async (project: ProjectId, form: UserForm): Promise<NewUser | string> => {
    const email = form.email ?? ''
    const customer = form.customerId?.id
    const home = customer === NULL_UUID ? undefined : customer
    if (email === '') return 'User email should be specified!'
    if (email.length > LONGEST_EMAIL || !EMAIL.test(email)) return 'Invalid email address format!'
    if (form.authority == null) return "User authority isn't defined!"
    const role = ROLES.get(form.authority)
    if (role === undefined) return 'User authority is unknown!'
    const wanted = { project, email, role, ...namesOf(form) }
    if (role === 'maker')
      return home === undefined ? wanted : "Tenant administrator can't be assigned to customer!"
    if (home === undefined) return 'Customer user should be assigned to customer!'
    const known = isUuid(home) ? await homes.get(project, home as HomeId) : undefined
    if (known === undefined) return 'User is referencing to non-existent customer!'
    return { ...wanted, home: known.id }
  }

  // The mail that `sendActivationMail` asks for is not sent: the tenant fetches the link.
  app.post('/user', { onRequest: guards.tenant }, async (request, reply) => {
    const form = readBody(request, formOf)
    if (form === undefined) return refuse(reply, 'bad-json')
    const { project } = callerOf(request).user
    if (form.id != null) {
      const ref = { project, user: form.id.id as UserId }
      const changed = isUuid(form.id.id)
        ? await users.change(ref, ({ firstName: _first, lastName: _last, ...user }) => ({
            ...user,
            ...namesOf(form),
          }))
        : undefined
      return changed === undefined ? refuse(reply, 'not-found') : reply.send(userBody(changed))
    }
    const wanted = await wantedOf(project, form)
    if (typeof wanted === 'string') return refuse(reply, 'bad-request', { message: wanted })
    const made = await users.create(wanted)
    return made === 'name-taken'
      ? refuse(reply, 'bad-request', {
          message: 'User with such email already present in database!',
        })
      : reply.send(userBody(made))
  })

  const find = async (project: ProjectId, id: string) =>
    isUuid(id) ? users.get({ project, user: id as UserId }) : undefined

  app.get<ById>('/user/:userId', { onRequest: guards.user }, async (request, reply) => {
    const { user } = callerOf(request)
    const wanted = await find(user.project, request.params.userId)
    if (wanted === undefined) return refuse(reply, 'not-found')
    const isSeen =
      user.role === 'maker' || (wanted.role === 'customer' && wanted.home === user.home)
    return isSeen ? userBody(wanted) : refuse(reply, 'not-permitted')
  })

  app.get<ById>(
    '/user/:userId/activationLink',
    { onRequest: guards.tenant },
    async (request, reply) => {
      const user = await find(callerOf(request).user.project, request.params.userId)
      if (user === undefined) return refuse(reply, 'not-found')
      if (user.password !== undefined)
        return refuse(reply, 'bad-request', { message: 'User is already activated!' })
      const token = await activations.issue(user)
      return reply
        .header('cache-control', 'no-store')
        .type('text/plain')
        .send(`${publicUrl()}/api/noauth/activate?activateToken=${token}`)
    },
  )
}
