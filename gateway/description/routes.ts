import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'

/** A route as the router has it, with the schemas that it validates with. */
export type Route = {
  /** Method and path: `GET /latchkey/v1/devices/:id`. */
  readonly on: string
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
}

type Validated = {
  readonly params?: TSchema
  readonly querystring?: TSchema
  readonly body?: TSchema
}

/** Notes every route that is added from now on. */
export const noteRoutes = (app: FastifyInstance): readonly Route[] => {
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url, schema }) => {
    const { params, querystring: query, body } = (schema ?? {}) as Validated
    for (const verb of [method].flat())
      routes.push({
        on: `${verb} ${url}`,
        ...(params === undefined ? {} : { params }),
        ...(query === undefined ? {} : { query }),
        ...(body === undefined ? {} : { body }),
      })
  })
  return routes
}
