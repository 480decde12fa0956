import type { Home, MemberRole, Project, User } from '../../../shared/model/records.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { createAccess } from './access.ts'
import { emailOf, phoneOf } from './addresses.ts'
import { type Fault, refuse } from './faults.ts'
import { type Form, formOf } from './form.ts'
import { createLetters } from './letters.ts'
import { memberBody } from './replies.ts'
import type { Room } from './room.ts'

// `role` is of later versions, and the official client sends it.
const FIELDS = { phoneNumber: 'text', email: 'text', userId: 'integer', role: 'text' } as const
const invitedOf = formOf(FIELDS)

/** Who belongs to a home: seed 003, Home Members. Owners add and remove others; anybody may leave. */
export const memberRoutes = (room: Room) => {
  const { registry, store, on } = room
  const { members, users, projects, clearing } = registry
  const { homeFor, userOf } = createAccess(room)
  const letters = createLetters(room)

  on('get members', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    if (home === undefined) return absent()
    return reply.send((await members.list(home.project, home.id)).map(memberBody))
  })

  on('get member', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    const user = home && (await userOf(caller, request.params.userId))
    if (home === undefined || user === undefined) return absent()
    const membership = await members.membershipOf(home.project, home.id, user.id)
    return membership === undefined ? absent() : reply.send(memberBody({ user, membership }))
  })

  /** Somebody who has no account yet gets a place to register into. */
  const placeholder = async (
    project: Project,
    address: { readonly email: string } | { readonly phone: string },
  ): Promise<User | Fault> => {
    const made = await users.create({
      ...{ project: project.id, role: 'customer', unverified: true },
      ...(project.name === DEFAULT_PROJECT ? {} : { reach: 'project' }),
      ...address,
    })
    return made === 'name-taken' ? 'PERMISSION_DENIED' : made
  }

  const invited = async (project: Project, form: Form<typeof FIELDS>): Promise<User | Fault> => {
    switch (project.accounts) {
      case 'email': {
        if (form.email === undefined) return 'MISSING_PARAMETERS'
        const email = emailOf(form.email)
        if (email === undefined) return 'INVALID_EMAIL'
        return (await users.findByEmail(email, project.id)) ?? placeholder(project, { email })
      }
      case 'phone': {
        if (form.phoneNumber === undefined) return 'MISSING_PARAMETERS'
        const phone = phoneOf(form.phoneNumber)
        if (phone === undefined) return 'INVALID_PHONE_NUMBER'
        return (await users.findByPhone(project.id, phone)) ?? placeholder(project, { phone })
      }
      case 'byou':
        if (form.userId === undefined) return 'MISSING_PARAMETERS'
        return (await users.findByNumber(project.id, form.userId)) ?? 'INVALID_USER_ID'
    }
  }

  const invite = async (home: Home, user: User, role: MemberRole): Promise<Fault | undefined> => {
    const added = await members.add(home.project, home.id, user.id, role)
    if (added === 'member-exists') return 'MEMBER_EXISTS'
    if (added === 'too-many') return 'EXCEEDED_MAX_USERS'
    if (added === 'unknown') return 'PERMISSION_DENIED'
    // A member he is in any case; the letter only tells him.
    const letter = await letters.invitation(home, user)
    await store.commit(letter.change)
    letter.wake()
    return undefined
  }

  on('add member', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    const project = home && (await projects.get(home.project))
    if (home === undefined || project === undefined) return absent()
    const role = await members.roleOf(home.project, home.id, caller.user.id)
    if (role !== 'owner') return refuse(reply, 'PERMISSION_DENIED')
    const form = invitedOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const user = await invited(project, form)
    if (typeof user === 'string') return refuse(reply, user)
    const fault = await invite(home, user, form.role === 'owner' ? 'owner' : 'member')
    if (fault !== undefined) return refuse(reply, fault)
    const membership = await members.membershipOf(home.project, home.id, user.id)
    return membership === undefined
      ? absent()
      : reply.code(201).send(memberBody({ user, membership }))
  })

  /** Whom an invitation alone has brought in, and who has never come, leaves no account behind. */
  const forget = async ({ id, project, home, unverified, password, name }: User): Promise<void> => {
    if (unverified === undefined || password !== undefined || name !== undefined) return
    const homes = await members.homesOf({ project, id })
    if (homes.every((one) => one === home)) await clearing.endUser({ project, user: id })
  }

  on('delete member', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    const user = home && (await userOf(caller, request.params.userId))
    if (home === undefined || user === undefined) return absent()
    const role = await members.roleOf(home.project, home.id, caller.user.id)
    if (user.id !== caller.user.id && role !== 'owner') return refuse(reply, 'PERMISSION_DENIED')
    switch (await members.remove(home.project, home.id, user.id)) {
      case 'removed':
        await forget(user)
        return reply.code(204).send()
      case 'last-owner':
        return refuse(reply, 'LAST_OWNER')
      case 'unknown':
        return absent()
    }
  })
}
