import type { FastifyReply } from 'fastify'
import { policyInForce } from '../../../shared/model/policy.ts'
import type { Project, User } from '../../../shared/model/records.ts'
import { grants } from '../../../shared/registry/project-keys.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { createAccess } from './access.ts'
import { emailOf, faultOfPassword, phoneOf } from './addresses.ts'
import type { Caller, UserCaller } from './callers.ts'
import { type Fault, refuse } from './faults.ts'
import { type Form, formOf, numberOf } from './form.ts'
import { createLetters } from './letters.ts'
import { userBody } from './replies.ts'
import type { Room } from './room.ts'

const FIELDS = {
  projectId: 'integer',
  email: 'text',
  phoneNumber: 'text',
  name: 'text',
  password: 'text',
} as const
const userOf = formOf(FIELDS)
const changesOf = formOf({ name: 'text', password: 'text' })

const LONGEST_NAME = 255

/** Registered end-users of a project: seed 003, Users. */
export const userRoutes = (room: Room) => {
  const { registry, on } = room
  const { users, clearing } = registry
  const { projectNamed, projectNumber } = createAccess(room)
  const letters = createLetters(room)

  /** In `default` an e-mail is one account over all projects; else the project alone knows it. */
  const reachOf = ({ name }: Project) =>
    name === DEFAULT_PROJECT ? {} : ({ reach: 'project' } as const)

  /** Somebody invited this person: the account is there, and gets its name and password now. */
  const register = async (
    invited: User,
    name: string,
    password: string | undefined,
  ): Promise<User | Fault> => {
    const ref = { project: invited.project, user: invited.id }
    if (invited.unverified === undefined) return 'USER_EXISTS'
    if (invited.password !== undefined || invited.name !== undefined)
      return 'USER_EXISTS_UNVERIFIED'
    const letter = await letters.proof(invited)
    const done =
      password === undefined
        ? await users.change(ref, (user) => ({ ...user, name }), letter.change)
        : await users.activate(ref, password, { name }, letter.change)
    letter.wake()
    return done ?? 'USER_EXISTS_UNVERIFIED'
  }

  const byAddress = async (
    project: Project,
    address: { readonly email: string } | { readonly phone: string },
    name: string,
    password: string | undefined,
  ): Promise<User | Fault> => {
    const find = () =>
      'email' in address
        ? users.findByEmail(address.email, project.id)
        : users.findByPhone(project.id, address.phone)
    const present = await find()
    if (present !== undefined) return register(present, name, password)
    let wake = (): void => undefined
    const made = await users.create(
      {
        ...{ project: project.id, role: 'customer', unverified: true, name },
        ...address,
        ...(password === undefined ? {} : { password }),
        ...reachOf(project),
      },
      async (user) => {
        const letter = await letters.proof(user)
        wake = letter.wake
        return letter.change
      },
    )
    wake()
    return made === 'name-taken' ? 'USER_EXISTS' : made
  }

  const withEmail = async (project: Project, form: Form<typeof FIELDS>): Promise<User | Fault> => {
    const { email, name, password } = form
    if (email === undefined || name === undefined || password === undefined)
      return 'MISSING_PARAMETERS'
    const address = emailOf(email)
    if (address === undefined) return 'INVALID_EMAIL'
    return faultOfPassword(password) ?? byAddress(project, { email: address }, name, password)
  }

  const withPhone = async (project: Project, form: Form<typeof FIELDS>): Promise<User | Fault> => {
    const { phoneNumber, name } = form
    if (phoneNumber === undefined || name === undefined) return 'MISSING_PARAMETERS'
    const phone = phoneOf(phoneNumber)
    return phone === undefined
      ? 'INVALID_PHONE_NUMBER'
      : byAddress(project, { phone }, name, undefined)
  }

  /** Only the project's own program makes its users, by a key that may. */
  const ownUser = async (
    project: Project,
    caller: Caller,
    { name }: Form<typeof FIELDS>,
  ): Promise<User | Fault> => {
    if (caller.kind !== 'project key' || caller.key.project !== project.id)
      return 'PERMISSION_DENIED'
    if (!grants(caller.key, 'byou')) return 'PERMISSION_DENIED'
    const named = name === undefined ? {} : { name }
    const made = await users.create({ project: project.id, role: 'customer', ...named })
    return made === 'name-taken' ? 'USER_EXISTS' : made
  }

  const make = (project: Project, caller: Caller, form: Form<typeof FIELDS>) => {
    switch (project.accounts) {
      case 'email':
        return withEmail(project, form)
      case 'phone':
        return withPhone(project, form)
      case 'byou':
        return ownUser(project, caller, form)
    }
  }

  on('create user', async ({ caller, request, reply }) => {
    const form = userOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    if (form.projectId === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    if ((form.name?.length ?? 0) > LONGEST_NAME) return refuse(reply, 'INVALID_PARAMETER')
    const project = await projectNamed(form.projectId)
    if (project === undefined) return refuse(reply, 'INVALID_PARAMETER')
    if (project.accounts !== 'byou' && !policyInForce(project.policy).signUp)
      return refuse(reply, 'PERMISSION_DENIED')
    const made = await make(project, caller, form)
    if (typeof made === 'string') return refuse(reply, made)
    return reply.code(201).send(userBody(made, project.number))
  })

  /** Nobody is found but the caller. */
  const isSelf = ({ user }: UserCaller, number: string | undefined) =>
    numberOf(number) === user.number

  on('get user', async ({ caller, request, reply, absent }) => {
    if (!isSelf(caller, request.params.userId)) return absent()
    return reply.send(userBody(caller.user, await projectNumber(caller)))
  })

  const change = async (
    { user }: UserCaller,
    reply: FastifyReply,
    { name, password }: { readonly name?: string; readonly password?: string },
  ) => {
    const ref = { project: user.project, user: user.id }
    const fault = password === undefined ? undefined : faultOfPassword(password)
    if (fault !== undefined) return refuse(reply, fault)
    if ((name?.length ?? 0) > LONGEST_NAME) return refuse(reply, 'INVALID_PARAMETER')
    // Only who has a password can have another one.
    if (password !== undefined && user.password === undefined)
      return refuse(reply, 'INVALID_PARAMETER')
    if (name !== undefined) await users.change(ref, (present) => ({ ...present, name }))
    if (password !== undefined) await users.setPassword(ref, password)
    return reply.code(204).send()
  }

  on('update user', async ({ caller, request, reply, absent }) => {
    if (!isSelf(caller, request.params.userId)) return absent()
    const form = changesOf(request.body)
    return 'fault' in form ? refuse(reply, form.fault) : change(caller, reply, form)
  })

  on('delete user', async ({ caller, request, reply, absent }) => {
    if (!isSelf(caller, request.params.userId)) return absent()
    const { user } = caller
    // Who runs a project is nobody's end-user.
    if (user.role === 'maker') return refuse(reply, 'PERMISSION_DENIED')
    const ended = await clearing.endUser({ project: user.project, user: user.id })
    return ended === 'ended' ? reply.code(204).send() : absent()
  })
}
