import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { keys } from '../../../shared/store/keys.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { offerProblem, ProjectRef, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

/** Every member is optional, so the body is too. */
const NewCode = Type.Union([
  Type.Object({ product: Type.Optional(ProjectRef) }, strict),
  Type.Null(),
])
/** The rest of the path: a code of a machine may have slashes. */
const CodeParams = Type.Object({ '*': Type.String({ maxLength: 128 }) }, strict)

/** Devices of its own that an account is told of with a code. */
const MOST_IDS = 1000

/** Claim codes: an account makes them, a device brings them (CONTRACT 2, 6 "Particle"). */
export const claimCodeRoutes = (
  app: FastifyInstance,
  { registry, engine, store }: GatewayContext,
  guards: Guards,
) => {
  app.post<{ Body: Static<typeof NewCode> | undefined }>(
    '/claim-codes',
    { schema: { body: NewCode }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const product = request.body?.product
      const project = await projectFor(registry, user, product)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such product.',
        })
      const made = await engine.makeCode({
        ...{ project: project.id, user: user.id, home: user.home },
        // Devices of a product have room for 63 characters and nobody who types: research/particle.md 2.
        form: product === undefined ? 'native' : 'particle',
        via: 'latchkey',
      })
      if (made.state === 'refused') return sendProblem(reply, offerProblem(made))
      const deviceIds = await store.list(keys.homeDevices(project.id, user.home), {
        limit: MOST_IDS,
      })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .header('location', `/latchkey/v1/claims/${made.claim}`)
        .send({ code: made.code, expiresAt: time(made.expiresAt), deviceIds })
    },
  )

  app.get<{ Params: Static<typeof CodeParams> }>(
    '/claim-codes/*',
    { schema: { params: CodeParams }, onRequest: guards.user },
    async (request, reply) => {
      const { id, project } = callerOf(request).user
      const seen = await engine.lookAtCode({ project, user: id, code: request.params['*'] })
      if (seen === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such claim code.',
        })
      const { state, expiresAt, device, usedAt, reason, refusedAt } = seen
      return reply.header('cache-control', 'no-store').send({
        state,
        expiresAt: time(expiresAt),
        ...(device === undefined ? {} : { device }),
        ...(usedAt === undefined ? {} : { usedAt: time(usedAt) }),
        ...(reason === undefined ? {} : { reason }),
        ...(refusedAt === undefined ? {} : { refusedAt: time(refusedAt) }),
      })
    },
  )
}
