import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { isOpen } from '../../../shared/claim/transfers.ts'
import type { UserId } from '../../../shared/model/ids.ts'
import { type Refused, refused } from '../../../shared/model/outcomes.ts'
import type { User } from '../../../shared/model/records.ts'
import type { Held } from '../../../shared/registry/one-time-tokens.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { nameOf } from '../../transfer-letters.ts'
import { goneLetter, letterProblem } from './letter-problem.ts'
import { Name, Password } from './shapes.ts'

const strict = { additionalProperties: false } as const

const Token = Type.String({ minLength: 1, maxLength: 64 })
const Kind = Type.Union([
  Type.Literal('verify-email'),
  Type.Literal('reset-password'),
  Type.Literal('member-invite'),
  Type.Literal('transfer'),
])
type Kind = Static<typeof Kind>

const LookBody = Type.Object({ kind: Kind, token: Token }, strict)
const ProofBody = Type.Object({ token: Token }, strict)
const PasswordBody = Type.Object({ token: Token, password: Password }, strict)
const InvitationBody = Type.Object(
  { token: Token, password: Type.Optional(Password), name: Type.Optional(Name) },
  strict,
)

/** What a letter asks of who got it. */
type About = { readonly choosesPassword: boolean; readonly device?: string }

/** As long as nobody has proved an address, somebody else may have typed its password: who is invited there chooses his own. */
const hasOwnPassword = ({ password, unverified }: User) =>
  password !== undefined && unverified === undefined

/**
 * What the letters of `shared/mail/letters.ts` lead to, whichever dialect had them written. A token comes in a body and in no
 * URL, and is used up in the commit of what it is for.
 */
export const letterRoutes = (app: FastifyInstance, context: GatewayContext) => {
  const { registry, engine, now } = context
  const { users, projects, members, devices, oneTimeTokens } = registry

  const refOf = ({ project, subject }: Held) => ({ project, user: subject as UserId })

  const aboutTransfer = async ({ project, subject }: Held): Promise<About | Refused> => {
    const [id = '', user = ''] = subject.split('/')
    const transfer = await engine.lookAtTransfer(project, id)
    const device = transfer && (await devices.get(project, transfer.device))
    if (transfer === undefined || device === undefined) return goneLetter
    if (!(await members.isMember(project, transfer.from, user as UserId))) return goneLetter
    if (!isOpen(transfer, device, now())) return refused('epoch-changed', true)
    return { choosesPassword: false, device: nameOf(device) }
  }

  const about = async (kind: Kind, held: Held): Promise<About | Refused> => {
    if (kind === 'transfer') return aboutTransfer(held)
    const user = await users.get(refOf(held))
    if (user === undefined) return goneLetter
    switch (kind) {
      case 'verify-email':
        return { choosesPassword: false }
      case 'reset-password':
        return { choosesPassword: true }
      case 'member-invite':
        return { choosesPassword: !hasOwnPassword(user) }
    }
  }

  app.post<{ Body: Static<typeof LookBody> }>(
    '/letter-tokens',
    { schema: { body: LookBody } },
    async (request, reply) => {
      const { kind, token } = request.body
      const held = await oneTimeTokens.look(kind, token)
      const found = held.state === 'held' ? await about(kind, held) : held
      if ('state' in found) return letterProblem(reply, found)
      const project = held.state === 'held' ? await projects.get(held.project) : undefined
      if (project === undefined) return letterProblem(reply, goneLetter)
      return reply
        .header('cache-control', 'no-store')
        .send({ kind, project: project.name, ...found })
    },
  )

  /** Uses the token up together with what it proves. */
  const prove = async (
    reply: FastifyReply,
    held: Held | Refused,
    password?: string,
    name?: string,
  ) => {
    if (held.state === 'refused') return letterProblem(reply, held)
    const named = name === undefined ? {} : { name }
    const isDone = await users.prove(refOf(held), held.used, password, named)
    return isDone ? reply.code(204).send() : letterProblem(reply, goneLetter)
  }

  app.post<{ Body: Static<typeof ProofBody> }>(
    '/email-verifications',
    { schema: { body: ProofBody } },
    async (request, reply) =>
      prove(reply, await oneTimeTokens.look('verify-email', request.body.token)),
  )

  app.post<{ Body: Static<typeof PasswordBody> }>(
    '/passwords',
    { schema: { body: PasswordBody } },
    async (request, reply) => {
      const { token, password } = request.body
      return prove(reply, await oneTimeTokens.look('reset-password', token), password)
    },
  )

  app.post<{ Body: Static<typeof InvitationBody> }>(
    '/invitation-answers',
    { schema: { body: InvitationBody } },
    async (request, reply) => {
      const { token, password, name } = request.body
      const held = await oneTimeTokens.look('member-invite', token)
      if (held.state === 'refused') return letterProblem(reply, held)
      const user = await users.get(refOf(held))
      if (user === undefined) return letterProblem(reply, goneLetter)
      const isSettled = hasOwnPassword(user)
      // An invitation is no way to another password or name of an account that is in use.
      if (isSettled ? (password ?? name) !== undefined : password === undefined)
        return sendProblem(reply, {
          status: 400,
          reason: 'bad-request',
          detail: isSettled ? 'The account has a password.' : 'A password is needed.',
        })
      return prove(reply, held, password, name)
    },
  )
}
