import type { UserId } from '../../../shared/model/ids.ts'
import type { Project } from '../../../shared/model/records.ts'
import type { Held } from '../../../shared/registry/one-time-tokens.ts'
import { createAccess } from './access.ts'
import { emailOf, faultOfPassword, phoneOf } from './addresses.ts'
import { type Fault, refuse } from './faults.ts'
import { formOf } from './form.ts'
import type { Room } from './room.ts'

const tokenOf = formOf({ token: 'text', newPassword: 'text' })
const addressOf = formOf({ projectId: 'integer', email: 'text', phoneNumber: 'text' })

/**
 * Codes and tokens that are sent, and what they prove: seed 003, Authentication. Who asks for one hears the same whether
 * there is such an account or not.
 */
export const proofRoutes = (room: Room) => {
  const { registry, mail, on } = room
  const { users, projects, oneTimeTokens } = registry
  const { projectNamed } = createAccess(room)

  /** The project of a form, if its accounts are of that kind. */
  const projectFor = async (
    number: number | undefined,
    accounts: Project['accounts'],
  ): Promise<Project | Fault> => {
    if (number === undefined) return 'MISSING_PARAMETERS'
    const project = await projectNamed(number)
    if (project === undefined) return 'INVALID_PARAMETER'
    return project.accounts === accounts ? project : 'PERMISSION_DENIED'
  }

  on('start sms', async ({ request, reply }) => {
    const form = addressOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const project = await projectFor(form.projectId, 'phone')
    if (typeof project === 'string') return refuse(reply, project)
    if (form.phoneNumber === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    const phone = phoneOf(form.phoneNumber)
    if (phone === undefined) return refuse(reply, 'INVALID_PHONE_NUMBER')
    const user = await users.findByPhone(project.id, phone)
    if (user !== undefined) await mail.sendSms({ project: project.id, to: phone, subject: user.id })
    return reply.send({ recipient: phone })
  })

  const start =
    (letter: 'verify-email' | 'reset-password') =>
    async (body: unknown): Promise<{ readonly email: string } | Fault> => {
      const form = addressOf(body)
      if ('fault' in form) return form.fault
      const project = await projectFor(form.projectId, 'email')
      if (typeof project === 'string') return project
      if (form.email === undefined) return 'MISSING_PARAMETERS'
      const email = emailOf(form.email)
      if (email === undefined) return 'INVALID_EMAIL'
      const user = await users.findByEmail(email, project.id)
      const isWanted = letter === 'reset-password' || user?.unverified
      if (user !== undefined && isWanted)
        await mail.send({ project: project.id, letter, to: email, subject: user.id })
      return { email }
    }

  const startVerification = start('verify-email')
  const startReset = start('reset-password')

  on('start email verification', async ({ request, reply }) => {
    const started = await startVerification(request.body)
    return typeof started === 'string' ? refuse(reply, started) : reply.send(started)
  })

  on('start password reset', async ({ request, reply }) => {
    const started = await startReset(request.body)
    return typeof started === 'string' ? refuse(reply, started) : reply.send(started)
  })

  /** Uses the token up together with what it proves. */
  const prove = async (
    { project, subject, used }: Held,
    password?: string,
  ): Promise<{ readonly projectId: number; readonly email: string } | Fault> => {
    const ref = { project, user: subject as UserId }
    const user = await users.get(ref)
    const space = await projects.get(project)
    if (user?.email === undefined || space === undefined) return 'INVALID_TOKEN'
    if (!(await users.prove(ref, used, password))) return 'INVALID_TOKEN'
    return { projectId: space.number, email: user.email }
  }

  on('verify email', async ({ request, reply }) => {
    const form = tokenOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    if (form.token === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    const held = await oneTimeTokens.look('verify-email', form.token)
    if (held.state === 'refused') return refuse(reply, 'INVALID_TOKEN')
    const proved = await prove(held)
    return typeof proved === 'string' ? refuse(reply, proved) : reply.send(proved)
  })

  /** Of somebody who was invited and has no password yet, the invitation is as good. */
  const heldBy = async (token: string): Promise<Held | undefined> => {
    const held = await oneTimeTokens.look('reset-password', token)
    if (held.state === 'held') return held
    const invited = await oneTimeTokens.look('member-invite', token)
    if (invited.state === 'refused') return undefined
    const user = await users.get({ project: invited.project, user: invited.subject as UserId })
    return user?.password === undefined ? invited : undefined
  }

  on('reset password', async ({ request, reply }) => {
    const form = tokenOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const { token, newPassword } = form
    if (token === undefined || newPassword === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    const fault = faultOfPassword(newPassword)
    if (fault !== undefined) return refuse(reply, fault)
    const held = await heldBy(token)
    if (held === undefined) return refuse(reply, 'INVALID_TOKEN')
    const proved = await prove(held, newPassword)
    return typeof proved === 'string' ? refuse(reply, proved) : reply.send(proved)
  })
}
