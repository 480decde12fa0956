import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { checker } from '../../../shared/check.ts'
import { RESOURCE, readValues, writtenBody } from '../../../shared/dialects/thethings.ts'
import type { User } from '../../../shared/model/records.ts'
import { callerOf, isMember } from '../../auth.ts'
import { badField, refuse } from './faults.ts'
import { limitOf } from './limit.ts'
import { sendBody } from './replies.ts'
import type { Room } from './room.ts'
import { thingsOf } from './things-of.ts'

const listOf = checker(
  Type.Object({ values: Type.Array(Type.Object({ value: Type.Unknown() }), { maxItems: 100 }) }),
)

type Params = { readonly resource: string }
type ThingParams = Params & { readonly thingId: string }
type Query = Readonly<Record<string, unknown>>

/** What an app reads and sets of its user's things: research/mode_thethings_thingful.md 2.2. Access follows ownership. */
export const resourceRoutes = (app: FastifyInstance, { registry, signedIn }: Room) => {
  const { devices, values } = registry
  const guarded = { onRequest: signedIn }

  /** Every resource of the user's things, with the things that have it. */
  const overview = async (user: User) => {
    const things = await thingsOf(registry, user)
    const names = await values.resourcesOf(things)
    const byName = new Map<string, typeof things>()
    things.forEach((thing, place) => {
      for (const name of names[place] ?? []) byName.set(name, [...(byName.get(name) ?? []), thing])
    })
    return byName
  }

  const own = async (user: User, thingId: string) => {
    const thing = await devices.findByThingId(user.project, thingId)
    if (thing?.owner === undefined) return undefined
    return (await isMember(registry, user, thing.owner))
      ? { ...thing, owner: thing.owner }
      : undefined
  }

  app.get('/me/resources', guarded, async (request, reply) => {
    const byName = await overview(callerOf(request).user)
    return reply.send(
      [...byName].map(([name, things]) => ({ name, things: things.map((one) => one.thingId) })),
    )
  })

  app.get<{ Params: Params; Querystring: Query }>(
    '/me/resources/:resource',
    guarded,
    async (request, reply) => {
      const { resource } = request.params
      const limit = limitOf(request.query.limit)
      if (limit === undefined) return badField(reply, 'limit cannot be read')
      const things = (await overview(callerOf(request).user)).get(resource) ?? []
      const found: [string, unknown][] = []
      for (const thing of things) {
        const newest = (await values.read(thing, resource)).slice(0, limit)
        if (newest.length > 0) found.push([thing.thingId, newest.map(({ key: _key, ...v }) => v)])
      }
      if (found.length === 0) return refuse(reply, 'no-resource')
      return reply.send(Object.fromEntries(found))
    },
  )

  app.get<{ Params: ThingParams; Querystring: Query }>(
    '/me/resources/:resource/:thingId',
    guarded,
    async (request, reply) => {
      const { resource, thingId } = request.params
      const limit = limitOf(request.query.limit)
      if (limit === undefined) return badField(reply, 'limit cannot be read')
      const thing = await own(callerOf(request).user, thingId)
      if (thing === undefined) return refuse(reply, 'no-thing')
      const found = await values.read(thing, resource)
      if (found.length === 0) return refuse(reply, 'no-resource')
      return reply.send(found.slice(0, limit).map(({ key: _key, ...value }) => value))
    },
  )

  app.post<{ Params: ThingParams }>(
    '/me/resources/:resource/:thingId',
    guarded,
    async (request, reply) => {
      const { user } = callerOf(request)
      const { resource: key, thingId } = request.params
      const list = listOf(request.body)
      if (!list.ok || !RESOURCE.test(key))
        return badField(reply, 'values: a list of {value} is required')
      const given = readValues({ values: list.value.values.map((item) => ({ ...item, key })) })
      if (given === undefined) return badField(reply, 'values: a list of {value} is required')
      const thing = await own(user, thingId)
      if (thing === undefined) return refuse(reply, 'no-thing')
      const writer = { project: thing.project, device: thing.id, owner: thing.owner }
      return sendBody(reply, writtenBody(await values.write(writer, given)), 201)
    },
  )
}
