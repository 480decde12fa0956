import type { ProjectId } from '../../../shared/model/ids.ts'
import type { Device, User } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import { isMember } from '../../auth.ts'

/** The projects a user may look into, his own first: a maker of `default` may look into all. */
export const projectsOf = async ({ projects }: Registry, user: User): Promise<ProjectId[]> => {
  if (user.role !== 'maker') return [user.project]
  const own = await projects.get(user.project)
  if (own?.name !== DEFAULT_PROJECT) return [user.project]
  const others = (await projects.list()).map(({ id }) => id).filter((id) => id !== user.project)
  return [user.project, ...others]
}

/** The device of that id or name in a project. */
export const deviceOfProject = async (
  { devices }: Registry,
  project: ProjectId,
  ref: string,
): Promise<Device | undefined> => {
  const id = await devices.resolve(project, ref)
  return id === undefined ? undefined : devices.get(project, id)
}

/** The device of that id or name, if the user owns it or makes it. Foreign and absent look the same. */
export const deviceFor = async (
  registry: Registry,
  user: User,
  ref: string,
): Promise<Device | undefined> => {
  for (const project of await projectsOf(registry, user)) {
    const device = await deviceOfProject(registry, project, ref)
    if (device === undefined) continue
    if (user.role === 'maker') return device
    const owns = device.owner !== undefined && (await isMember(registry, user, device.owner))
    return owns ? device : undefined
  }
  return undefined
}
