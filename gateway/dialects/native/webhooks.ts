import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { EVENT_TYPE_LENGTH, type SeenWebhook } from '../../../shared/registry/webhooks.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { IdParams, ProjectRef, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const NewWebhook = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2048 }),
    description: Type.Optional(Type.String({ maxLength: 255 })),
    events: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: EVENT_TYPE_LENGTH }), {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
      }),
    ),
    project: Type.Optional(ProjectRef),
  },
  strict,
)
const ProjectQuery = Type.Object({ project: Type.Optional(ProjectRef) }, strict)

/** Where an event can be posted to. Nothing secret may stand in it, for it is shown again. */
const isTarget = (text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '' && hash === ''
}

const bodyOf = ({ webhook, progress }: SeenWebhook) => ({
  id: webhook.id,
  url: webhook.url,
  description: webhook.description,
  ...(webhook.events === undefined ? {} : { events: webhook.events }),
  createdAt: time(webhook.createdAt),
  ...(progress?.failure === undefined
    ? {}
    : { failing: { tries: progress.tries, cause: progress.failure } }),
})

const unknown = (reply: FastifyReply) =>
  sendProblem(reply, {
    status: 404,
    reason: 'not-permitted',
    detail: 'There is no such webhook or project.',
  })

/** A project's webhooks, which MODE calls a smart module: every event of its homes is posted there, signed. */
export const webhookRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  const { webhooks } = registry

  app.post<{ Body: Static<typeof NewWebhook> }>(
    '/webhooks',
    { schema: { body: NewWebhook }, onRequest: guards.maker },
    async (request, reply) => {
      const { url, description = '', events, project: ref } = request.body
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined) return unknown(reply)
      if (!isTarget(url))
        return sendProblem(reply, {
          status: 400,
          reason: 'bad-request',
          errors: [{ path: '/url', message: 'must be http or https, without a user name' }],
        })
      const made = await webhooks.create({ project: project.id, url, description, events })
      if (made === 'unknown') return unknown(reply)
      if (made === 'too-many')
        return sendProblem(reply, {
          status: 409,
          reason: 'not-permitted',
          detail: 'The project has as many webhooks as it can have.',
        })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...bodyOf({ webhook: made.webhook, progress: undefined }), key: made.key })
    },
  )

  app.get<{ Querystring: Static<typeof ProjectQuery> }>(
    '/webhooks',
    { schema: { querystring: ProjectQuery }, onRequest: guards.maker },
    async (request, reply) => {
      const project = await projectFor(registry, callerOf(request).user, request.query.project)
      if (project === undefined) return unknown(reply)
      return { items: (await webhooks.list(project.id)).map(bodyOf) }
    },
  )

  app.delete<{
    Params: Static<typeof IdParams>
    Querystring: Static<typeof ProjectQuery>
  }>(
    '/webhooks/:id',
    { schema: { params: IdParams, querystring: ProjectQuery }, onRequest: guards.maker },
    async (request, reply) => {
      const project = await projectFor(registry, callerOf(request).user, request.query.project)
      const isGone = project && (await webhooks.remove(project.id, request.params.id))
      return isGone ? reply.code(204).send() : unknown(reply)
    },
  )
}
