import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { HttpDialect, StrayPath } from './context.ts'
import { type Problem, sendProblem } from './problem.ts'

type Options = { readonly dialects: readonly HttpDialect[]; readonly now: () => number }

const PROBLEMS: Readonly<Record<StrayPath, Problem>> = {
  unreadable: { status: 400, reason: 'bad-request', detail: 'The path is not valid.' },
  absent: { status: 404, reason: 'bad-request', detail: 'There is nothing at this path.' },
}

/**
 * Requests that no route takes, in the words of the dialect they lie under: there is nothing at the path, or nobody can read
 * it (`%zz`, a name of thousands of letters). Of the latter the router asks no plugin, and its own words would repeat the URL,
 * in which a credential may stand.
 */
export const createStrays = ({ dialects, now }: Options) => {
  const rows = dialects.flatMap(({ strays }) => (strays === undefined ? [] : [strays]))

  const refuse = (request: FastifyRequest, reply: FastifyReply, why: StrayPath): FastifyReply => {
    // Where a path is unreadable no hook has run.
    reply.header('x-content-type-options', 'nosniff')
    const mine = rows.find(({ under }) => under.some((path) => request.url.startsWith(`${path}/`)))
    return mine?.refuse(reply, why, now) ?? sendProblem(reply, PROBLEMS[why])
  }

  return {
    unreadable: (_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void =>
      void refuse(request, reply, 'unreadable'),
    absent: (request: FastifyRequest, reply: FastifyReply) => refuse(request, reply, 'absent'),
  }
}
