import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { AnswerTransfer } from '../../../shared/claim/engine.ts'
import { stateOf } from '../../../shared/claim/transfers.ts'
import type { ProjectId, UserId } from '../../../shared/model/ids.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { letterToAsker } from '../../transfer-letters.ts'
import { letterProblem } from './letter-problem.ts'
import { IdParams, time } from './shapes.ts'

const strict = { additionalProperties: false } as const

const AnswerBody = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 64 }), approve: Type.Boolean() },
  strict,
)

const unknownTransfer = (reply: FastifyReply) =>
  sendProblem(reply, {
    status: 404,
    reason: 'not-permitted',
    detail: 'There is no such transfer for you to answer.',
  })

/**
 * Who asks for a device is answered by its owner, or with the token of the mail that he got (CONTRACT 6, Particle); both can ask
 * what has become of it.
 */
export const transferRoutes = (app: FastifyInstance, context: GatewayContext, guards: Guards) => {
  const { registry, engine, now } = context

  const answer = async (
    reply: FastifyReply,
    project: ProjectId,
    id: string,
    isApproved: boolean,
    by: AnswerTransfer['by'],
  ) => {
    const transfer = await engine.lookAtTransfer(project, id)
    const device = transfer && (await registry.devices.get(project, transfer.device))
    if (transfer === undefined || device === undefined) return unknownTransfer(reply)
    // Asked before the mail is: a stranger must not have it written.
    if (!(await registry.members.isMember(project, transfer.from, by.user)))
      return unknownTransfer(reply)
    const { change: beside, wake } = await letterToAsker(context, device, transfer, isApproved)
    const answered = await engine.answerTransfer({
      ...{ project, transfer: id, isApproved, by, beside, via: 'latchkey' },
    })
    if (answered.state === 'refused')
      return answered.reason === 'epoch-changed'
        ? sendProblem(reply, { status: 409, reason: 'epoch-changed' })
        : unknownTransfer(reply)
    wake()
    if (answered.state === 'denied') return reply.send({ id, state: 'denied' })
    const { device: given, epoch } = answered
    return reply.send({ id, state: 'approved', device: given, epoch })
  }

  app.get<{ Params: Static<typeof IdParams> }>(
    '/transfers/:id',
    { schema: { params: IdParams }, onRequest: guards.user },
    async (request, reply) => {
      const { user } = callerOf(request)
      const { project } = user
      const transfer = await engine.lookAtTransfer(project, request.params.id)
      const isFor =
        transfer !== undefined &&
        (transfer.user === user.id ||
          (await registry.members.isMember(project, transfer.from, user.id)))
      if (!isFor) return unknownTransfer(reply)
      const { id, device, expiresAt, answer: given } = transfer
      const state = stateOf(transfer, await registry.devices.get(project, device), now())
      return reply.header('cache-control', 'no-store').send({
        ...{ id, state, device, expiresAt: time(expiresAt) },
        ...(given === undefined ? {} : { answeredAt: time(given.at) }),
      })
    },
  )

  for (const [word, isApproved] of [
    ['approve', true],
    ['deny', false],
  ] as const)
    app.post<{ Params: Static<typeof IdParams> }>(
      `/transfers/:id/${word}`,
      { schema: { params: IdParams }, onRequest: guards.user },
      async (request, reply) => {
        const { user } = callerOf(request)
        const by = { kind: 'member', user: user.id } as const
        return answer(reply, user.project, request.params.id, isApproved, by)
      },
    )

  app.post<{ Body: Static<typeof AnswerBody> }>(
    '/transfer-answers',
    { schema: { body: AnswerBody } },
    async (request, reply) => {
      const { token, approve } = request.body
      const held = await registry.oneTimeTokens.look('transfer', token)
      if (held.state === 'refused') return letterProblem(reply, held)
      const [id = '', user = ''] = held.subject.split('/')
      const by = { kind: 'mail', user: user as UserId, used: held.used } as const
      return answer(reply, held.project, id, approve, by)
    },
  )
}
