import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { type HomeId, isUuid } from '../../../shared/model/ids.ts'
import type { Home } from '../../../shared/model/records.ts'
import { keys } from '../../../shared/store/keys.ts'
import { readOne } from '../../../shared/store/transact.ts'
import { callerOf, isMember } from '../../auth.ts'
import { readBody } from './body.ts'
import { customerBody } from './entities.ts'
import { orNull, Reference } from './forms.ts'
import { PageQuery, pageLinkOf, pageOf } from './paging.ts'
import type { Room } from './room.ts'

const formOf = checker(
  Type.Object({ id: orNull(Reference), title: orNull(Type.String({ maxLength: 255 })) }),
)

const TitleQuery = Type.Object({ customerTitle: Type.String({ maxLength: 255 }) })

/** Customers: homes that the tenant names, and the personal ones that come with native accounts. */
export const customerRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, store, guards, refuse } = room
  const { homes } = registry

  app.post('/customer', { onRequest: guards.tenant }, async (request, reply) => {
    const form = readBody(request, formOf)
    if (form === undefined) return refuse(reply, 'bad-json')
    const title = form.title?.trim() ?? ''
    if (title === '')
      return refuse(reply, 'bad-request', { message: 'Customer title should be specified!' })
    if (form.id != null)
      return refuse(reply, 'bad-request', { message: 'A customer cannot be changed!' })
    const made = await homes.create(callerOf(request).user.project, title)
    return made === 'name-taken'
      ? refuse(reply, 'bad-request', { message: 'Customer with such title already exists!' })
      : reply.send(customerBody(made))
  })

  app.get<{ Params: { customerId: string } }>(
    '/customer/:customerId',
    { onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const id = request.params.customerId as HomeId
      if (!isUuid(id)) return refuse(reply, 'bad-request', { message: 'Invalid UUID string' })
      if (user.role !== 'maker' && !(await isMember(registry, user, id)))
        return refuse(reply, 'not-permitted')
      const home = await homes.get(user.project, id)
      return home === undefined ? refuse(reply, 'not-found') : customerBody(home)
    },
  )

  app.get<{ Querystring: { customerTitle: string } }>(
    '/tenant/customers',
    { schema: { querystring: TitleQuery }, onRequest: guards.tenant },
    async (request, reply) => {
      const { project } = callerOf(request).user
      const title = keys.homeTitle(project, request.query.customerTitle)
      const id = (await readOne<HomeId>(store, title)).value
      const home = id === undefined ? undefined : await homes.get(project, id)
      return home === undefined ? refuse(reply, 'not-found') : customerBody(home)
    },
  )

  app.get<{ Querystring: PageQuery }>(
    '/customers',
    { schema: { querystring: PageQuery }, onRequest: guards.tenant },
    async (request, reply) => {
      const { project } = callerOf(request).user
      const link = pageLinkOf(request.query)
      if (typeof link === 'string') return refuse(reply, 'bad-request', { message: link })
      const text = request.query.textSearch?.toLowerCase()
      const source = {
        index: keys.homes(project),
        keyOf: (id: string) => keys.home(project, id as HomeId),
        wanted: text ? ({ title }: Home) => title.toLowerCase().includes(text) : undefined,
      }
      const page = await pageOf<Home>(store, source, link)
      return { ...page, data: page.data.map(customerBody) }
    },
  )
}
