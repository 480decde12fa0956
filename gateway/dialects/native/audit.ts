import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { audited } from '../../../shared/audit/line.ts'
import { headOf, linesOf } from '../../../shared/audit/reading.ts'
import { type AuditLine, INSTANCE } from '../../../shared/audit/records.ts'
import type { ProjectId } from '../../../shared/model/ids.ts'
import type { User } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { lineOf } from '../../../shared/store/transact.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { PageQuery } from './shapes.ts'

const AuditQuery = Type.Object(
  {
    ...PageQuery.properties,
    device: Type.Optional(Type.String({ format: 'uuid' })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}$' })),
  },
  { additionalProperties: false },
)
type Wanted = Static<typeof AuditQuery>

const isAbout = (item: string, device: string) =>
  lineOf<AuditLine>('an audit event', { item })?.device === device

/** What the log of sign-ins and ends that belong to no project is asked for by. */
const INSTANCE_REF = 'instance'

/** The audit of a project, for its makers: lines as they are sealed, and where to go on or how it ends. */
export const auditRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, store, sealer, now } = context

  const projectOf = async (user: User, ref: string | undefined): Promise<ProjectId | undefined> => {
    if (ref !== INSTANCE_REF) return (await projectFor(registry, user, ref))?.id
    const own = await registry.projects.get(user.project)
    return own?.name === DEFAULT_PROJECT ? INSTANCE : undefined
  }

  async function* answer(project: ProjectId, { after, limit, device }: Wanted) {
    let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
    for await (const { place, item } of linesOf(store, project, after)) {
      if (device !== undefined && !isAbout(item, device)) continue
      yield `${item}\n`
      left -= 1
      if (left > 0) continue
      yield `${JSON.stringify({ next: place })}\n`
      return
    }
    const head = await headOf(store, project)
    // What was picked out of a chain is none.
    if (head === undefined || device !== undefined) return
    const { seq, hash, mac } = head
    yield `${JSON.stringify({ head: { seq, hash, mac } })}\n`
  }

  app.get<{ Querystring: Static<typeof AuditQuery> }>(
    '/audit',
    { schema: { querystring: AuditQuery }, onRequest: guards.maker },
    async (request, reply) => {
      const { project: ref, after, device } = request.query
      const project = await projectOf(callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      if (after === undefined && device === undefined)
        await store.commit({ append: [audited({ at: now(), project, type: 'audit.exported' })] })
      await sealer.seal(project)
      return reply
        .type('application/x-ndjson')
        .header('cache-control', 'no-store')
        .send(Readable.from(answer(project, request.query), { objectMode: false }))
    },
  )
}
