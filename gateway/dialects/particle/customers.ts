import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { UserId } from '../../../shared/model/ids.ts'
import type { Device, Project, User } from '../../../shared/model/records.ts'
import { keys } from '../../../shared/store/keys.ts'
import { networkOf } from '../../address.ts'
import { faultOfPassword, isCustomerName, mailReset } from './accounts.ts'
import { particleIdOf } from './device-body.ts'
import { badField, refuse } from './faults.ts'
import { fieldsOf, isTrue, queryOf } from './fields.ts'
import { grantedTo, isGranted, programOf, tokenBody } from './grants.ts'
import { clientIn, productOf } from './guards.ts'
import { gathered, pageIn, pageOf } from './pages.ts'
import type { Room } from './room.ts'

/** Devices of one customer that are listed with him. */
const MOST_DEVICES = 100

type ByEmail = { Params: { product: string; email: string } }

/** Customers of a product: accounts that are known there alone (CONTRACT 6, Particle; research/particle.md 1.2). */
export const customerRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, guards, store } = room
  const { users, clearing, devices, presences } = registry

  /** As which program a customer is made: one of the product that may, or the team. */
  const maker = async (request: FastifyRequest, reply: FastifyReply) => {
    const shown = clientIn(request, fieldsOf(request))
    if (shown === undefined) return guards.team(request, reply)
    await guards.product(request, reply)
    if (reply.sent) return reply
    const program = await programOf(room, shown, networkOf(request.ip))
    if ('denied' in program) return refuse(reply, program.denied, program)
    const isOurs = program.kind === 'product' && program.product.id === productOf(request).id
    if (!isOurs) return refuse(reply, 'invalid-client')
    if (!isGranted(program.client, 'customers:create')) return refuse(reply, 'unauthorized-client')
  }

  app.post<{ Params: { product: string } }>(
    '/products/:product/customers',
    { preHandler: maker },
    async (request, reply) => {
      const fields = fieldsOf(request)
      const email = fields.get('email') ?? fields.get('username') ?? ''
      if (!isCustomerName(email)) return badField(reply, 'email is required')
      const given = fields.get('password')
      const password = isTrue(fields.get('no_password')) || given === '' ? undefined : given
      const fault = password === undefined ? undefined : faultOfPassword(password)
      if (fault !== undefined) return badField(reply, fault)
      const project = productOf(request).id
      const made = await users.create({
        ...{ project, email, role: 'customer', reach: 'project' },
        ...(password === undefined ? {} : { password }),
      })
      if (made === 'name-taken') return refuse(reply, 'customer-exists')
      const program = clientIn(request, fields)?.name ?? 'team'
      reply.header('cache-control', 'no-store')
      return reply.code(201).send(tokenBody(await grantedTo(room, program, made)))
    },
  )

  const customersOf = (product: Project) =>
    gathered<User>(
      store,
      keys.users(product.id),
      (id) => keys.user(product.id, id as UserId),
      ({ role }) => role === 'customer',
    )

  const deviceBody = (device: Device, isConnected: boolean, product: Project) => ({
    id: particleIdOf(device),
    product_id: product.number,
    last_ip_address: null,
    firmware_version: null,
    online: isConnected,
  })

  app.get('/products/:product/customers', { preHandler: guards.team }, async (request, reply) => {
    const link = pageIn(queryOf(request))
    if (link === undefined) return badField(reply, 'page or perPage is no number')
    const product = productOf(request)
    const { items, meta } = pageOf(await customersOf(product), link)
    const owned = await Promise.all(
      items.map(async ({ home }) => {
        const { items: held } = await devices.listOfHome(product.id, home, undefined, MOST_DEVICES)
        return held.filter(({ owner }) => owner === home)
      }),
    )
    const all = owned.flat()
    const present = await presences.of(all)
    return reply.send({
      customers: items.map((user, place) => ({
        id: user.id,
        full_name: [user.firstName, user.lastName].filter(Boolean).join(' ') || null,
        username: user.email,
        devices: (owned[place] ?? []).map(particleIdOf),
      })),
      devices: all.map((device, at) =>
        deviceBody(device, present[at]?.isConnected ?? false, product),
      ),
      meta,
    })
  })

  const customerIn = async (request: FastifyRequest<ByEmail>): Promise<User | undefined> => {
    const { email } = request.params
    const user =
      email.length > 254 ? undefined : await users.findByEmail(email, productOf(request).id)
    return user?.role === 'customer' ? user : undefined
  }

  app.put<ByEmail>(
    '/products/:product/customers/:email',
    { preHandler: guards.team },
    async (request, reply) => {
      const user = await customerIn(request)
      if (user === undefined) return refuse(reply, 'no-customer')
      const password = fieldsOf(request).get('password')
      const fault = faultOfPassword(password)
      if (password === undefined || fault !== undefined)
        return badField(reply, fault ?? 'password is required')
      await users.setPassword({ project: user.project, user: user.id }, password)
      return reply.send({ ok: true })
    },
  )

  app.delete<ByEmail>(
    '/products/:product/customers/:email',
    { preHandler: guards.team },
    async (request, reply) => {
      const user = await customerIn(request)
      if (user === undefined) return refuse(reply, 'no-customer')
      await clearing.endUser({ project: user.project, user: user.id })
      return reply.send({ ok: true })
    },
  )

  for (const url of [
    '/products/:product/customers/reset_password',
    '/orgs/:product/customers/reset_password',
  ])
    app.post(url, { preHandler: guards.product }, async (request, reply) => {
      const email = fieldsOf(request).get('email')
      if (email === undefined || email.length > 254) return badField(reply, 'email is required')
      await mailReset(room, productOf(request).id, email)
      return reply.send({ ok: true })
    })
}
