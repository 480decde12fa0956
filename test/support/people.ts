import { randomUUID } from 'node:crypto'
import type { ProjectId } from '../../shared/model/ids.ts'
import type { Home, Project, User } from '../../shared/model/records.ts'
import type { NewDevice } from '../../shared/registry/devices.ts'
import type { NewUser } from '../../shared/registry/users.ts'
import type { Parts } from './parts.ts'

/** A project of its own. */
export const newProject = async (
  { registry }: Parts,
  more: Partial<Pick<Project, 'accounts' | 'provisioning'>> = {},
): Promise<Project> => {
  const wanted = { name: randomUUID(), accounts: 'email', provisioning: 'pre', ...more } as const
  const made = await registry.projects.create(wanted)
  if (made === 'name-taken') throw new Error('the project is there already')
  return made
}

/** A customer who needs no password. */
export const newUser = async (
  { registry, project }: Parts,
  more: Partial<NewUser> = {},
): Promise<User> => {
  const made = await registry.users.create({
    ...{ project, email: `${randomUUID()}@example.com`, role: 'customer' as const },
    ...more,
  })
  if (made === 'name-taken') throw new Error('the account is there already')
  return made
}

/** A home of a user's own making. */
export const newHome = async ({ registry }: Parts, user: User, title = 'home'): Promise<Home> => {
  const made = await registry.homes.found(user.project, user.id, title)
  if (typeof made === 'string') throw new Error(`no home: ${made}`)
  return made
}

/** A device, which may be owned from the start. */
export const newDevice = async (
  { registry }: Parts,
  project: ProjectId,
  more: Partial<NewDevice> = {},
) => {
  const made = await registry.devices.create({ project, name: randomUUID(), ...more })
  if (made === 'name-taken') throw new Error('the device is there already')
  return made
}
