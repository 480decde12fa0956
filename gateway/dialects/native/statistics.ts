import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import { countConnected } from '../../../shared/delivery/roll-call.ts'
import { readTallies } from '../../../shared/statistics/read.ts'
import { SPAN_NAMES } from '../../../shared/statistics/spans.ts'
import { redeemed } from '../../../shared/statistics/tally.ts'
import { callerOf, type Guards, projectFor } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { ProjectRef, time } from './shapes.ts'

const StatisticsQuery = Type.Object(
  {
    project: Type.Optional(ProjectRef),
    per: Type.Optional(Type.Union(SPAN_NAMES.map((span) => Type.Literal(span)))),
  },
  { additionalProperties: false },
)

/** How claiming goes in a project: counts of the last 60 minutes, or of the last 7 days by the hour. */
export const statisticsRoutes = (
  app: FastifyInstance,
  { registry, store, now }: GatewayContext,
  guards: Guards,
) => {
  app.get<{ Querystring: Static<typeof StatisticsQuery> }>(
    '/statistics',
    { schema: { querystring: StatisticsQuery }, onRequest: guards.maker },
    async (request, reply) => {
      const { project: ref, per = 'minute' } = request.query
      const project = await projectFor(registry, callerOf(request).user, ref)
      if (project === undefined)
        return sendProblem(reply, {
          status: 404,
          reason: 'not-permitted',
          detail: 'There is no such project.',
        })
      const [tallies, connected] = await Promise.all([
        readTallies(store, project.id, per, now()),
        countConnected(store, project.id, now()),
      ])
      return reply.header('cache-control', 'no-store').send({
        per,
        connected,
        items: tallies.map(({ at, tally }) => ({
          at: time(at),
          opened: tally.opened ?? 0,
          redeemed: redeemed(tally),
          claimed: tally.claimed ?? 0,
          refused: tally.refused ?? {},
          released: tally.released ?? 0,
        })),
      })
    },
  )
}
