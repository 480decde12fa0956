import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problem.ts'

/** RFC 6797 6.1: a year, for this host alone. */
const HSTS = 'max-age=31536000'

const hostsIn = ({ rawHeaders }: IncomingMessage): number =>
  rawHeaders.filter((name, place) => place % 2 === 0 && name.toLowerCase() === 'host').length

/**
 * Whether everybody reads the same request: RFC 9112 3.2 has one Host, of which Node would take the first of many, and
 * 2.3 no HTTP before 1.0, which has neither headers nor an end.
 */
const isPlain = (raw: IncomingMessage): boolean => {
  const hosts = hostsIn(raw)
  if (raw.httpVersion === '1.1') return hosts === 1
  return raw.httpVersion === '1.0' && hosts <= 1
}

/** What holds for every request, before any dialect: research/security.md S112, S116. */
export const guardRequests = (app: FastifyInstance, isTls: boolean): void => {
  app.addHook('onRequest', async (request, reply) => {
    // On the raw reply, so that streams which write their own head have them too.
    reply.raw.setHeader('x-content-type-options', 'nosniff')
    if (isTls) reply.raw.setHeader('strict-transport-security', HSTS)
    if (!isPlain(request.raw))
      return sendProblem(reply, { status: 400, reason: 'bad-request', detail: 'One Host, please.' })
  })
}
