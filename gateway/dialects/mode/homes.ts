import type { Home, User } from '../../../shared/model/records.ts'
import { createAccess } from './access.ts'
import { refuse } from './faults.ts'
import { formOf } from './form.ts'
import { homeBody } from './replies.ts'
import type { Room } from './room.ts'

const homeOf = formOf({ name: 'text' })
const LONGEST_NAME = 255

/** Homes: seed 003, Homes. */
export const homeRoutes = (room: Room) => {
  const { registry, on } = room
  const { homes, members, devices, clearing } = registry
  const { homeFor, userOf, projectNumber } = createAccess(room)

  /** A personal home is shown once there is something in it: a user of the platform makes his homes himself. */
  const isShown = async ({ personal, project, id }: Home): Promise<boolean> =>
    personal === undefined || (await devices.listOfHome(project, id, undefined, 1)).items.length > 0

  const homesOf = async (user: User): Promise<Home[]> => {
    const all = await homes.readAll(user.project, await members.homesOf(user))
    const shown = await Promise.all(all.map(isShown))
    return all.filter((_, place) => shown[place]).sort((a, b) => a.createdAt - b.createdAt)
  }

  on('get homes', async ({ caller, request, reply }) => {
    const { userId } = request.query
    if (userId === undefined || userId === '') return refuse(reply, 'MISSING_PARAMETERS')
    const user = await userOf(caller, userId)
    if (caller.kind === 'user' && user?.id !== caller.user.id)
      return refuse(reply, 'PERMISSION_DENIED')
    if (user === undefined) return refuse(reply, 'INVALID_USER_ID')
    const projectId = await projectNumber(caller)
    return reply.send((await homesOf(user)).map((home) => homeBody(home, projectId)))
  })

  on('create home', async ({ caller, request, reply }) => {
    const form = homeOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const { name } = form
    if (name === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    if (name.length > LONGEST_NAME) return refuse(reply, 'INVALID_PARAMETER')
    const made = await homes.found(caller.user.project, caller.user.id, name)
    if (made === 'too-many') return refuse(reply, 'EXCEEDED_MAX_HOMES')
    if (made === 'unknown') return refuse(reply, 'PERMISSION_DENIED')
    return reply.code(201).send(homeBody(made, await projectNumber(caller)))
  })

  on('get home', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    return home === undefined ? absent() : reply.send(homeBody(home, await projectNumber(caller)))
  })

  on('update home', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    if (home === undefined) return absent()
    const form = homeOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    if (form.name === undefined) return reply.code(204).send()
    if (form.name.length > LONGEST_NAME) return refuse(reply, 'INVALID_PARAMETER')
    const renamed = await homes.rename(home.project, home.id, form.name)
    if (renamed === 'named-by-maker') return refuse(reply, 'PERMISSION_DENIED')
    return renamed === undefined ? absent() : reply.code(204).send()
  })

  on('delete home', async ({ caller, request, reply, absent }) => {
    const { user } = caller
    const home = await homeFor(caller, request.params.homeId)
    if (home === undefined) return absent()
    const role = await members.roleOf(home.project, home.id, user.id)
    if (role !== 'owner') return refuse(reply, 'PERMISSION_DENIED')
    const end = { project: home.project, home: home.id, by: user.id, via: 'mode' }
    switch (await clearing.endHome(end)) {
      case 'ended':
        return reply.code(204).send()
      case 'unknown':
        return absent()
      case 'personal':
        return refuse(reply, 'PERMISSION_DENIED')
    }
  })
}
