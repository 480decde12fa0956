import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Command, CommandId, CommandState } from '../../../shared/model/events.ts'
import { isUuid } from '../../../shared/model/ids.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { deviceFor, deviceOfProject } from './device-access.ts'
import { IdParams, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const NewCommand = Type.Object(
  {
    action: Type.String({ minLength: 1, maxLength: 255 }),
    parameters: Type.Optional(Type.Unknown()),
    ttlMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 30 * 86_400_000 })),
  },
  strict,
)

const CommandParams = Type.Object(
  { id: IdParams.properties.id, command: Type.String({ minLength: 1, maxLength: 64 }) },
  strict,
)

/** Longest parameters, as JSON. */
const LONGEST = 16 * 1024
/** A device with a full queue has to come and take some first. */
const RETRY_MS = 60_000

const commandBody = ({ command, state }: { command: Command; state: CommandState }) => ({
  id: command.id,
  device: command.device,
  action: command.action,
  state,
  epoch: command.epoch,
  createdAt: time(command.createdAt),
  expiresAt: time(command.expiresAt),
  ...(command.sentAt === undefined ? {} : { sentAt: time(command.sentAt) }),
  ...(command.acknowledgedAt === undefined ? {} : { acknowledgedAt: time(command.acknowledgedAt) }),
  ...(command.result === undefined ? {} : { result: command.result }),
})

const unknown = (reply: FastifyReply) =>
  sendProblem(reply, { status: 404, reason: 'device-unknown' })

/** Commands to devices, and what became of them. */
export const commandRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, delivery } = context

  app.post<{ Params: Static<typeof IdParams>; Body: Static<typeof NewCommand> }>(
    '/devices/:id/commands',
    {
      schema: { params: IdParams, body: NewCommand },
      onRequest: guards.userOrKey('send-commands'),
    },
    async (request, reply) => {
      const { projectKey: key } = request
      const device = await (key === null
        ? deviceFor(registry, callerOf(request).user, request.params.id)
        : deviceOfProject(registry, key.project, request.params.id))
      if (device === undefined) return unknown(reply)
      const user = key === null ? callerOf(request).user : undefined
      const { action, parameters, ttlMs } = request.body
      if (JSON.stringify(parameters ?? null).length > LONGEST)
        return sendProblem(reply, {
          status: 400,
          reason: 'bad-request',
          errors: [{ path: '/parameters', message: `must be at most ${LONGEST} bytes of JSON` }],
        })
      const given = await delivery.commands.give({
        ...{ project: device.project, device: device.id, action, parameters, ttlMs },
        by: user?.id ?? key?.id ?? '',
        ...(user?.role === 'customer' && device.owner !== undefined ? { owner: device.owner } : {}),
      })
      if (given === 'device-unknown') return unknown(reply)
      if (given === 'too-many')
        return sendProblem(reply, {
          status: 429,
          reason: 'too-many-attempts',
          title: 'Too many commands wait for this device',
          retryAfterMs: RETRY_MS,
        })
      return reply
        .code(202)
        .header('location', `/latchkey/v1/devices/${device.id}/commands/${given.id}`)
        .send({ id: given.id, state: given.state, expiresAt: time(given.expiresAt) })
    },
  )

  app.get<{ Params: Static<typeof CommandParams> }>(
    '/devices/:id/commands/:command',
    { schema: { params: CommandParams }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { id, command } = request.params
      const device = await deviceFor(registry, user, id)
      if (device === undefined || !isUuid(command)) return unknown(reply)
      const seen = await delivery.commands.look(device.project, command as CommandId)
      if (seen?.command.device !== device.id) return unknown(reply)
      // An owner knows nothing of what was before him.
      if (user.role !== 'maker' && seen.command.epoch !== device.epoch) return unknown(reply)
      return commandBody(seen)
    },
  )
}
