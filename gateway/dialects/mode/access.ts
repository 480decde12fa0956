import type { Device, Home, Project, User } from '../../../shared/model/records.ts'
import { isMember } from '../../auth.ts'
import { type Caller, projectOf } from './callers.ts'
import { numberOf } from './form.ts'
import type { Room } from './room.ts'

type Known = Exclude<Caller, { kind: 'nobody' }>

/** What a caller may see of what its request names. What is not there and what is somebody else's look the same. */
export const createAccess = ({ registry }: Room) => {
  const { homes, devices, users, projects } = registry

  /** The home of that number: a member's, or any of the project whose key it is. */
  const homeFor = async (caller: Known, number: unknown): Promise<Home | undefined> => {
    const wanted = numberOf(number)
    if (wanted === undefined) return undefined
    const home = await homes.findByNumber(projectOf(caller), wanted)
    if (home === undefined) return undefined
    switch (caller.kind) {
      case 'user':
        return (await isMember(registry, caller.user, home.id)) ? home : undefined
      case 'project key':
        return home
      case 'device':
        return undefined
    }
  }

  /** The device of that number: of a home that the user is a member of, of the key's project, or the device itself. */
  const deviceFor = async (caller: Known, number: unknown): Promise<Device | undefined> => {
    const wanted = numberOf(number)
    if (wanted === undefined) return undefined
    const device = await devices.findByNumber(projectOf(caller), wanted)
    if (device === undefined) return undefined
    switch (caller.kind) {
      case 'user': {
        const { owner } = device
        const owns = owner !== undefined && (await isMember(registry, caller.user, owner))
        return owns ? device : undefined
      }
      case 'project key':
        return device
      case 'device':
        return device.id === caller.device.id ? device : undefined
    }
  }

  const userOf = async (caller: Known, number: unknown): Promise<User | undefined> => {
    const wanted = numberOf(number)
    return wanted === undefined ? undefined : users.findByNumber(projectOf(caller), wanted)
  }

  /** The number by which the platform knows the caller's project. */
  const projectNumber = async (caller: Known): Promise<number> =>
    (await projects.get(projectOf(caller)))?.number ?? 0

  /** A project by the number that a request names. `undefined`: there is none. */
  const projectNamed = async (number: number): Promise<Project | undefined> =>
    projects.findByNumber(number)

  return { homeFor, deviceFor, userOf, projectNumber, projectNamed }
}
