import type { User } from '../model/records.ts'
import type { Registry } from './index.ts'
import { DEFAULT_PROJECT } from './projects.ts'

/** The first maker: an address, and the password that he signs in with. */
export type FirstMaker = { readonly email: string; readonly password: string }

/** Makes the `default` project and its first maker in an empty store. `undefined`: both were there. */
export const makeFirst = async (
  { projects, users }: Registry,
  maker: FirstMaker,
): Promise<User | undefined> => {
  const wanted = {
    name: DEFAULT_PROJECT,
    accounts: 'email',
    provisioning: 'pre',
    policy: { possession: true },
  } as const
  const present = (await projects.find(DEFAULT_PROJECT)) ?? (await projects.create(wanted))
  // Another node is just making it.
  const project = present === 'name-taken' ? await projects.find(DEFAULT_PROJECT) : present
  if (project === undefined || (await users.listIds(project.id, 1)).length > 0) return undefined
  const made = await users.create({ ...maker, project: project.id, role: 'maker' })
  return made === 'name-taken' ? undefined : made
}
