import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Imported } from '../../../shared/imports/operations.ts'
import type { Operation } from '../../../shared/imports/records.ts'
import { isUuid } from '../../../shared/model/ids.ts'
import type { User } from '../../../shared/model/records.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { projectsOf } from './device-access.ts'
import { IdParams, time } from './shapes.ts'

const FaultsQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
  },
  { additionalProperties: false },
)

const DEFAULT_PAGE = 100
const MAX_PAGE = 500

const placeOf = ({ id }: Operation) => `/latchkey/v1/operations/${id}`

/** An operation as its makers see it. */
export const operationBody = (operation: Operation) => {
  const { id, state, project, rows, created, updated, unchanged, failed } = operation
  return {
    id,
    kind: 'devices-import',
    state,
    project,
    rows,
    created,
    updated,
    unchanged,
    failed,
    bytes: operation.spool.bytes,
    bytesDone: operation.read,
    createdAt: time(operation.createdAt),
    ...(operation.finishedAt === undefined ? {} : { finishedAt: time(operation.finishedAt) }),
    results: `${placeOf(operation)}/results`,
  }
}

const resultLine = ({ line, outcome, device: id, present, token, boxKey }: Imported): string => {
  const made = {
    line,
    outcome,
    id,
    ...(present === undefined
      ? {}
      : { number: present.number, thingId: present.thingId, name: present.name }),
    ...(token === undefined ? {} : { token }),
    ...(boxKey === undefined ? {} : { boxKey }),
  }
  return `${JSON.stringify(made)}\n`
}

async function* linesOf(results: AsyncIterable<Imported>): AsyncGenerator<string> {
  for await (const one of results) yield resultLine(one)
}

const unknown = (reply: FastifyReply) =>
  sendProblem(reply, {
    status: 404,
    reason: 'not-permitted',
    detail: 'There is no such operation.',
  })

/** What goes on for longer than a request: how far it is, what was wrong, what it made. */
export const operationRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, imports } = context

  const find = async (user: User, id: string): Promise<Operation | undefined> => {
    if (!isUuid(id)) return undefined
    for (const project of await projectsOf(registry, user)) {
      const operation = await imports.get(project, id)
      if (operation !== undefined) return operation
    }
    return undefined
  }

  app.get<{ Params: Static<typeof IdParams>; Querystring: Static<typeof FaultsQuery> }>(
    '/operations/:id',
    { schema: { params: IdParams, querystring: FaultsQuery }, onRequest: guards.maker },
    async (request, reply) => {
      const operation = await find(callerOf(request).user, request.params.id)
      if (operation === undefined) return unknown(reply)
      const { after, limit } = request.query
      const most = Math.min(MAX_PAGE, limit === undefined ? DEFAULT_PAGE : Number(limit))
      const { items, next } = await imports.faultsOf(operation, after, most)
      return reply.header('cache-control', 'no-store').send({
        ...operationBody(operation),
        errors: items.map(({ line, faults }) => ({ line, errors: faults })),
        ...(next === undefined ? {} : { next }),
      })
    },
  )

  app.get<{ Params: Static<typeof IdParams> }>(
    '/operations/:id/results',
    { schema: { params: IdParams }, onRequest: guards.maker },
    async (request, reply) => {
      const { user } = callerOf(request)
      const operation = await find(user, request.params.id)
      // Credentials are for the account that has sent the file, and for no other maker.
      if (operation === undefined || operation.user !== user.id) return unknown(reply)
      await imports.noteShown(operation)
      return reply
        .type('application/x-ndjson')
        .header('cache-control', 'no-store')
        .send(Readable.from(linesOf(imports.results(operation)), { objectMode: false }))
    },
  )
}
