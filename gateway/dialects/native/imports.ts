import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { ImportFormat, Spool } from '../../../shared/imports/records.ts'
import type { ProjectId } from '../../../shared/model/ids.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { operationBody } from './operations.ts'
import { ProjectRef } from './shapes.ts'

const ImportQuery = Type.Object(
  {
    project: Type.Optional(ProjectRef),
    boxKeys: Type.Optional(Type.Literal('generate')),
  },
  { additionalProperties: false },
)

const FORMATS = new Map<string, ImportFormat>([
  ['application/x-ndjson', 'ndjson'],
  ['text/csv', 'csv'],
])

/** Files that one project may send at once, and all together. */
const UPLOADS_OF_PROJECT = 2
const UPLOADS = 4

declare module 'fastify' {
  interface FastifyRequest {
    /** Where an import goes, and what of it lies in the store; `null` elsewhere. */
    importing: { readonly project: ProjectId; spool?: Spool } | null
  }
}

/** What Fastify answers with that status. */
const refusal = (statusCode: 400 | 413, cause?: unknown) =>
  Object.assign(new Error('the file cannot be taken in', { cause }), { statusCode })

const tooMany = (reply: FastifyReply) =>
  sendProblem(reply, {
    status: 429,
    reason: 'too-many-attempts',
    title: 'Too many imports',
    detail: 'As many imports of the project as may wait at once wait already.',
    retryAfterMs: 5000,
  })

/** `POST /devices/import`: a file of devices, taken in as a stream and worked on afterwards. */
export const importRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, imports } = context
  const uploads = new Map<ProjectId, number>()

  const uploading = () => [...uploads.values()].reduce((sum, count) => sum + count, 0)

  const enter = (project: ProjectId, reply: FastifyReply) => {
    // Who has gone already is not heard of again.
    if (reply.raw.destroyed) return
    uploads.set(project, (uploads.get(project) ?? 0) + 1)
    reply.raw.once('close', () => {
      const left = (uploads.get(project) ?? 1) - 1
      if (left === 0) uploads.delete(project)
      else uploads.set(project, left)
    })
  }

  /** Before a byte of the file is read: whether there is a project for it, and room. */
  const admit = async (request: FastifyRequest, reply: FastifyReply) => {
    const { project: ref } = request.query as { project?: unknown }
    const wanted = typeof ref === 'string' ? ref.slice(0, 256) : undefined
    const project = await projectFor(registry, callerOf(request).user, wanted)
    if (project === undefined)
      return sendProblem(reply, {
        status: 404,
        reason: 'not-permitted',
        detail: 'There is no such project.',
      })
    if (!(await imports.hasRoom(project.id))) return tooMany(reply)
    const count = uploads.get(project.id) ?? 0
    if (count >= UPLOADS_OF_PROJECT || uploading() >= UPLOADS) return tooMany(reply)
    enter(project.id, reply)
    request.importing = { project: project.id }
  }

  const takeIn = async (request: FastifyRequest, payload: IncomingMessage) => {
    const { importing } = request
    if (importing === null) throw new Error('a file comes in without a place for it')
    const hash = createHash('sha256')
    const seen = async function* () {
      try {
        // What is too large is answered, not cut off.
        for await (const chunk of payload.iterator({ destroyOnReturn: false })) {
          hash.update(chunk)
          yield chunk as Buffer
        }
      } catch (cause) {
        throw refusal(400, cause)
      }
    }
    const spool = await imports.spools.write(importing.project, seen())
    if (spool === 'too-large') throw refusal(413)
    importing.spool = spool
    // By this an Idempotency-Key knows the same file again.
    return { sha256: hash.digest('base64url') }
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.decorateRequest('importing', null)
    for (const type of FORMATS.keys()) scope.addContentTypeParser(type, takeIn)
    scope.addHook('onResponse', async ({ importing }) => {
      // Nobody has taken it: refused, or the same request once more.
      if (importing?.spool !== undefined) await imports.spools.remove(importing.spool)
    })

    scope.post<{ Querystring: Static<typeof ImportQuery> }>(
      '/devices/import',
      { schema: { querystring: ImportQuery }, onRequest: [guards.maker, admit] },
      async (request, reply) => {
        const { importing, query } = request
        const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
        const format = FORMATS.get(type ?? '')
        if (importing?.spool === undefined || format === undefined)
          return sendProblem(reply, { status: 415, reason: 'bad-request' })
        const { project, spool } = importing
        delete importing.spool
        const made = await imports.create({
          ...{ project, format, spool },
          user: callerOf(request).user.id,
          generates: query.boxKeys === 'generate',
        })
        if (made === 'too-many') {
          importing.spool = spool
          return tooMany(reply)
        }
        return reply
          .code(202)
          .header('cache-control', 'no-store')
          .header('location', `/latchkey/v1/operations/${made.id}`)
          .send(operationBody(made))
      },
    )
  })
}
