import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import {
  ActivationCode,
  activatedBody,
  CODE_REFUSED,
  linkBody,
  linkOf,
  readValues,
  THING_TOKEN,
  timeOf,
  writtenBody,
} from '../../../shared/dialects/thethings.ts'
import type { Device } from '../../../shared/model/records.ts'
import { badField, refuse, sendError } from './faults.ts'
import { limitOf } from './limit.ts'
import { sendBody } from './replies.ts'
import type { Room } from './room.ts'

const activationOf = checker(Type.Object({ activationCode: ActivationCode }))

type Params = { readonly token: string }
type ResourceParams = Params & { readonly key: string }
type Query = Readonly<Record<string, unknown>>

/** The first of a range of times; `undefined`: any. `'malformed'`: it is no time. */
const boundOf = (text: unknown): number | undefined | 'malformed' => {
  if (text === undefined || text === '') return undefined
  const time = typeof text === 'string' ? timeOf(text) : undefined
  return time === undefined ? 'malformed' : Date.parse(time)
}

/** What a thing says. Its token is in the path, so no path is ever logged: research/mode_thethings_thingful.md 2.2. */
export const thingRoutes = (app: FastifyInstance, { registry, engine, streams }: Room) => {
  const { devices, values, activationCodes } = registry

  const thingOf = async ({ params }: FastifyRequest<{ Params: Params }>) =>
    THING_TOKEN.test(params.token) ? devices.findByToken(params.token) : undefined

  /** Runs a step for the thing whose token is in the path. */
  const asThing =
    <P extends Params>(
      step: (
        thing: Device,
        request: FastifyRequest<{ Params: P; Querystring: Query }>,
        reply: FastifyReply,
      ) => Promise<FastifyReply>,
    ) =>
    async (request: FastifyRequest<{ Params: P; Querystring: Query }>, reply: FastifyReply) => {
      const thing = await thingOf(request)
      return thing === undefined ? refuse(reply, 'no-thing') : step(thing, request, reply)
    }

  app.post('/things', async (request, reply) => {
    const body = activationOf(request.body)
    if (!body.ok) return badField(reply, 'activationCode is required')
    const made = await activationCodes.activate(body.value.activationCode)
    if (made === undefined) return sendError(reply, CODE_REFUSED)
    reply.header('cache-control', 'no-store')
    return reply.code(201).send(activatedBody(made.token, made.device.thingId))
  })

  app.post<{ Params: Params; Querystring: Query }>(
    '/things/:token/link-id',
    asThing(async ({ project, id, thingId }, request, reply) => {
      const body = linkOf(request.body)
      if (!body.ok) return badField(reply, 'linkId is required, of 1 to 256 characters')
      const { linkId } = body.value
      const outcome = await engine.linkByDevice({ project, device: id, linkId, via: 'thethings' })
      return sendBody(reply, linkBody(outcome, 'app', thingId))
    }),
  )

  app.post<{ Params: Params; Querystring: Query }>(
    '/things/:token',
    asThing(async ({ project, id }, request, reply) => {
      const given = readValues(request.body)
      if (given === undefined) return badField(reply, 'values: a list of {key,value} is required')
      return sendBody(reply, writtenBody(await values.write({ project, device: id }, given)), 201)
    }),
  )

  app.get<{ Params: ResourceParams; Querystring: Query }>(
    '/things/:token/resources/:key',
    asThing<ResourceParams>(async (thing, { params, query }, reply) => {
      const limit = limitOf(query.limit)
      const [from, to] = [boundOf(query.startDate), boundOf(query.endDate)]
      if (limit === undefined || from === 'malformed' || to === 'malformed')
        return badField(reply, 'limit, startDate or endDate cannot be read')
      const found = (await values.read(thing, params.key)).filter(({ datetime }) => {
        const at = Date.parse(datetime)
        // Without the end: tt-js asks on from the last time it got, and would get it for ever.
        return at >= (from ?? at) && (to === undefined || at < to)
      })
      if (found.length === 0) return refuse(reply, 'no-resource')
      return reply.send(found.slice(0, limit))
    }),
  )

  app.get<{ Params: Params; Querystring: Query }>(
    '/things/:token',
    { exposeHeadRoute: false },
    asThing((thing, request, reply) => streams.open(thing, request, reply)),
  )
}
