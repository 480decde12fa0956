import { randomBytes } from 'node:crypto'
import { createPasswords } from '../guard/passwords.ts'
import { createActivationCodes } from './activation-codes.ts'
import { createActivations } from './activations.ts'
import { createAttributes } from './attributes.ts'
import { createCertificates } from './certificates.ts'
import type { RegistryContext } from './context.ts'
import { createDevices } from './devices.ts'
import { createHomes } from './homes.ts'
import { createProjectKeys } from './project-keys.ts'
import { createProjects } from './projects.ts'
import { createSessions } from './sessions.ts'
import { createUsers } from './users.ts'
import { createValues } from './values.ts'

/** 256 random bits as 43 base64url characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Projects, users, homes, devices and their names, sessions: everything that is known of who and what there is. */
export const createRegistry = (context: RegistryContext) => {
  const passwords = createPasswords()
  const users = createUsers(context, passwords)
  const devices = createDevices(context)
  return {
    projects: createProjects(context),
    users,
    homes: createHomes(context),
    devices,
    certificates: createCertificates(context),
    attributes: createAttributes(context),
    values: createValues(context),
    activationCodes: createActivationCodes(context, devices, newSecret),
    activations: createActivations(context, users, newSecret),
    projectKeys: createProjectKeys(context, newSecret),
    sessions: createSessions(context, users, passwords),
  }
}

export type Registry = ReturnType<typeof createRegistry>
