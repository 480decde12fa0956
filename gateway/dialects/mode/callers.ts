import type { Device, ProjectKey, User } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'
import type { SignedIn } from '../../../shared/registry/sessions.ts'

/** Who a request comes from, by its key. */
export type Caller =
  | ({ readonly kind: 'user' } & SignedIn)
  | { readonly kind: 'device'; readonly device: Device }
  | { readonly kind: 'project key'; readonly key: ProjectKey }
  | { readonly kind: 'nobody' }

export type UserCaller = Extract<Caller, { kind: 'user' }>

const NOBODY: Caller = { kind: 'nobody' }
const HEADER = /^ModeCloud +([\w.~+/=-]{1,4096})$/i

/** The key of a header like `ModeCloud x`. `undefined`: there is none of that form. */
export const keyOf = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : HEADER.exec(header.trim())?.[1]

/** Says whose key it is, from what the store holds at this moment. */
export const createCallers = ({ sessions, devices, projectKeys }: Registry) => {
  const named = async (key: string): Promise<Caller> => {
    // A session's token is a JWT, and no other key has a dot.
    if (key.includes('.')) {
      const signedIn = await sessions.check(key)
      return signedIn === undefined ? NOBODY : { kind: 'user', ...signedIn }
    }
    const device = await devices.findByToken(key)
    if (device !== undefined) return { kind: 'device', device }
    const projectKey = await projectKeys.find(key)
    return projectKey === undefined ? NOBODY : { kind: 'project key', key: projectKey }
  }

  return async (key: string | undefined): Promise<Caller> =>
    key === undefined ? NOBODY : named(key)
}

export type WhoCalls = ReturnType<typeof createCallers>

/** The project that a caller belongs to. */
export const projectOf = (caller: Exclude<Caller, { kind: 'nobody' }>): User['project'] => {
  switch (caller.kind) {
    case 'user':
      return caller.user.project
    case 'device':
      return caller.device.project
    case 'project key':
      return caller.key.project
  }
}
