import type { FastifyInstance } from 'fastify'
import type { OAuthClient, Project } from '../../../shared/model/records.ts'
import { CLIENT_GRANTS, type ClientGrant } from '../../../shared/registry/oauth-clients.ts'
import { badField, refuse } from './faults.ts'
import { type Fields, fieldsOf, memberOf } from './fields.ts'
import { productOf } from './guards.ts'
import type { Room } from './room.ts'

const LONGEST_NAME = 255

/**
 * A client of an app may only make customers: the platform's scope `customers=create`, as text or as an object. Without a
 * scope it is the maker's own server, which may do all.
 */
const grantsOf = (
  scope: string | undefined,
  scopes: Fields,
): readonly ClientGrant[] | undefined => {
  if (scope === undefined && scopes.size === 0) return CLIENT_GRANTS
  const isCreate = scope === 'customers=create' || scope === 'customers:create'
  return isCreate || scopes.get('customers') === 'create' ? ['customers:create'] : undefined
}

const clientBody = ({ id, name, type }: OAuthClient, { number }: Project) => ({
  ...{ id, name, type, product_id: number },
})

/** Programs of a product: research/particle.md 3.1. */
export const clientRoutes = (app: FastifyInstance, { registry, guards }: Room) => {
  const { oauthClients, clearing } = registry

  app.post('/products/:product/clients', { preHandler: guards.team }, async (request, reply) => {
    const fields = fieldsOf(request)
    const [name, type] = [fields.get('name') ?? '', fields.get('type') ?? '']
    if (name === '' || name.length > LONGEST_NAME) return badField(reply, 'name is required')
    if (type !== 'installed' && type !== 'web') return badField(reply, 'type is installed or web')
    const grants = grantsOf(fields.get('scope'), memberOf(request, 'scope'))
    if (grants === undefined) return badField(reply, 'scope is customers=create, or none')
    const product = productOf(request)
    const made = await oauthClients.create(product.id, { name, type, grants })
    if (made === 'too-many') return refuse(reply, 'not-permitted', { words: 'Too many clients.' })
    const client = { ...clientBody(made.client, product), secret: made.secret }
    reply.header('cache-control', 'no-store')
    return reply.send({ ok: true, ...client, client })
  })

  app.get('/products/:product/clients', { preHandler: guards.team }, async (request) => {
    const product = productOf(request)
    const clients = await oauthClients.list(product.id)
    return { ok: true, clients: clients.map((client) => clientBody(client, product)) }
  })

  app.delete<{ Params: { product: string; id: string } }>(
    '/products/:product/clients/:id',
    { preHandler: guards.team },
    async (request, reply) => {
      const { id: project } = productOf(request)
      const gone = await oauthClients.remove(project, request.params.id)
      if (gone === undefined) return refuse(reply, 'no-client')
      if (gone.account !== undefined) await clearing.endUser({ project, user: gone.account })
      return reply.send({ ok: true })
    },
  )
}
