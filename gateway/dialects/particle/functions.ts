import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Command, CommandState } from '../../../shared/model/events.ts'
import type { Device } from '../../../shared/model/records.ts'
import { callerOf } from '../../auth.ts'
import { nameOf, particleIdOf } from './device-body.ts'
import { badField, errorBody, refuse } from './faults.ts'
import { fieldsOf } from './fields.ts'
import { findDevice, ownDevice } from './finding.ts'
import { productOf } from './guards.ts'
import type { Room } from './room.ts'

/** How long a device has for its answer: research/particle.md 1.4. */
const ANSWER_MS = 30_000
const LONGEST_NAME = 64
const LONGEST_ARGUMENT = 1024

type Params = { readonly product?: string; readonly id: string; readonly name: string }
type ByName = { Params: Params }
type Step = (
  device: Device,
  isConnected: boolean,
  request: FastifyRequest<ByName>,
  reply: FastifyReply,
) => Promise<FastifyReply>

/** The number in an answer `{returnValue}`; a device that says nothing has done it. */
const returnedIn = (result: unknown): number => {
  const { returnValue } = (result ?? {}) as { returnValue?: unknown }
  return typeof returnValue === 'number' ? returnValue : 0
}

type Seen = { readonly command: Command; readonly state: CommandState } | undefined
const isOver = (seen: Seen) => seen?.state !== 'queued' && seen?.state !== 'sent'

/** Functions and variables of a device (research/particle.md 1.4; CONTRACT 6, Particle). */
export const functionRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, delivery, guards, answers } = room

  /** For the owner, or for the team of its product. */
  const withDevice =
    (step: Step) => async (request: FastifyRequest<ByName>, reply: FastifyReply) => {
      const { id, name, product } = request.params
      const { user } = callerOf(request)
      const device = await (product === undefined
        ? ownDevice(room, user, id)
        : findDevice(room, productOf(request).id, id))
      if (device === undefined)
        return refuse(reply, product === undefined ? 'not-yours' : 'no-device')
      if (name.length > LONGEST_NAME) return badField(reply, 'the name has 64 characters at most')
      const [present] = await registry.presences.of([device])
      return step(device, present?.isConnected ?? false, request, reply)
    }

  const call: Step = async (device, isConnected, request, reply) => {
    const fields = fieldsOf(request)
    // The documents say `arg`, the client library sends `args`: research/particle.md 0.7.
    const args = fields.get('args') ?? fields.get('arg') ?? ''
    if (args.length > LONGEST_ARGUMENT) return badField(reply, 'args has 1024 characters at most')
    if (!isConnected) return refuse(reply, 'offline')
    const { project, id, owner } = device
    const given = await delivery.commands.give({
      ...{ project, device: id, action: request.params.name, parameters: { args } },
      ...{ ttlMs: ANSWER_MS, by: callerOf(request).user.id },
      ...(owner === undefined ? {} : { owner }),
    })
    if (given === 'device-unknown') return refuse(reply, 'not-yours')
    if (given === 'too-many') return refuse(reply, 'too-many', { retryAfterMs: ANSWER_MS })
    const look = () => delivery.commands.look(project, given.id)
    const seen = await answers.until(given.id, look, isOver, ANSWER_MS, request.raw)
    if (seen?.state !== 'acknowledged') {
      await delivery.commands.withdraw(project, given.id)
      return refuse(reply, 'timed-out')
    }
    return reply.send({
      ...{ id: particleIdOf(device), name: nameOf(device), connected: true },
      return_value: returnedIn(seen.command.result),
    })
  }

  /** The last value of that name that the device has sent, if it is connected. */
  const read: Step = async (device, isConnected, request, reply) => {
    const { name } = request.params
    if (!isConnected) return refuse(reply, 'offline')
    const [last] = await registry.values.read(device, name)
    if (last === undefined) {
      const words = `Unknown Variable: ${name}`
      return reply.code(404).send(errorBody(words, words))
    }
    const id = particleIdOf(device)
    const info = { name: nameOf(device), deviceID: id, connected: true, last_heard: last.datetime }
    return reply.send({ cmd: 'VarReturn', name, result: last.value, coreInfo: info })
  }

  app.post<ByName>('/devices/:id/:name', { preHandler: guards.user }, withDevice(call))
  app.get<ByName>('/devices/:id/:name', { preHandler: guards.user }, withDevice(read))
  const ofProduct = '/products/:product/devices/:id/:name'
  app.post<ByName>(ofProduct, { preHandler: guards.team }, withDevice(call))
  app.get<ByName>(ofProduct, { preHandler: guards.team }, withDevice(read))
}
