import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { grants } from '../../../shared/registry/project-keys.ts'
import { type Caller, keyOf, type WhoCalls } from './callers.ts'
import { ENDPOINTS, type Endpoint, type EndpointName } from './endpoints.ts'
import { notSignedIn, refuse } from './faults.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose key the request came with; `null` until a guard has asked. */
    modeCaller: Caller | null
  }
}

/** A request of this dialect: names in the path are text, and so is what stands behind the question mark. */
export type Asked = FastifyRequest<{
  Params: Readonly<Record<string, string>>
  Querystring: Readonly<Record<string, unknown>>
}>

type CallerOf<Name extends EndpointName> = Extract<
  Caller,
  { kind: (typeof ENDPOINTS)[Name]['by'][number] }
>

/** What an endpoint works with. `absent`: what is not there, or not to be seen, as its rows have it. */
export type Call<Name extends EndpointName = EndpointName> = {
  readonly caller: CallerOf<Name>
  readonly request: Asked
  readonly reply: FastifyReply
  readonly absent: () => FastifyReply
}

/** Adds an endpoint of the table: its row says who is let in, before a body is read. */
export const createRouter = (app: FastifyInstance, whoCalls: WhoCalls) => {
  app.decorateRequest('modeCaller', null)

  const guard =
    ({ by, grant }: Endpoint) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await whoCalls(keyOf(request.headers.authorization))
      if (!by.includes(caller.kind))
        return caller.kind === 'nobody' ? notSignedIn(reply) : refuse(reply, 'PERMISSION_DENIED')
      if (caller.kind === 'project key' && grant !== undefined && !grants(caller.key, grant))
        return refuse(reply, 'PERMISSION_DENIED')
      request.modeCaller = caller
    }

  return <Name extends EndpointName>(
    name: Name,
    answer: (call: Call<Name>) => Promise<unknown>,
  ): void => {
    const row: Endpoint = ENDPOINTS[name]
    app.route({
      method: row.method,
      url: row.url,
      onRequest: guard(row),
      handler: async (request, reply) => {
        // The guard has let in nobody who is not in the row.
        const caller = request.modeCaller as CallerOf<Name>
        const absent = () => refuse(reply, row.absent === 404 ? 'NOT_FOUND' : 'PERMISSION_DENIED')
        return answer({ caller, request: request as Asked, reply, absent })
      },
    })
  }
}

export type Router = ReturnType<typeof createRouter>
