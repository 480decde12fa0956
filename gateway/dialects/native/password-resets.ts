import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { UserId } from '../../../shared/model/ids.ts'
import type { User } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { normalEmail } from '../../../shared/registry/users.ts'
import type { GatewayContext } from '../../context.ts'
import { Email, ProjectRef } from './shapes.ts'

const ResetBody = Type.Object(
  { email: Email, project: Type.Optional(ProjectRef) },
  { additionalProperties: false },
)

/** Whom no letter is written to. */
const NOBODY = 'nobody' as UserId

/** Customers whose maker gave them no password do not get one by themselves: research/particle.md 1.2. */
const mayReset = ({ password, unverified }: User) =>
  password !== undefined || unverified !== undefined

/** The letter for who has forgotten his password. Nobody hears whether there is such an account, nor can tell it by the time. */
export const passwordResetRoutes = (
  app: FastifyInstance,
  { registry, mail, store }: GatewayContext,
) => {
  const { users, projects, oneTimeTokens } = registry

  /** As at sign-in: without a project those whose e-mail is theirs over all projects. */
  const accountOf = async (email: string, ref: string | undefined) => {
    const named = await projects.find(ref ?? DEFAULT_PROJECT)
    const space = named ?? (await projects.find(DEFAULT_PROJECT))
    const isThere = ref === undefined || named !== undefined
    const realm = ref === undefined ? undefined : named?.id
    const found = isThere ? await users.findByEmail(email, realm) : undefined
    // Reads as much as for somebody.
    if (found === undefined && space !== undefined)
      await users.get({ project: space.id, user: NOBODY })
    const user = found !== undefined && mayReset(found) ? found : undefined
    return { user, project: found?.project ?? space?.id }
  }

  app.post<{ Body: Static<typeof ResetBody> }>(
    '/password-resets',
    { schema: { body: ResetBody } },
    async (request, reply) => {
      const { email, project: ref } = request.body
      const { user, project } = await accountOf(email, ref)
      if (project === undefined) return reply.code(202).send()
      const wanted = { project, letter: 'reset-password', subject: user?.id ?? NOBODY } as const
      // Unknown addresses are counted too: how many letters somebody may still get says nothing of him.
      const asked = await mail.ask({ ...wanted, to: normalEmail(email) })
      if (asked.state === 'refused') return reply.code(202).send()
      // For nobody the same commit, of a token that no letter carries.
      const { change } =
        user === undefined ? oneTimeTokens.issue({ ...wanted, purpose: wanted.letter }) : asked
      await store.commit(change)
      asked.wake()
      return reply.code(202).send()
    },
  )
}
