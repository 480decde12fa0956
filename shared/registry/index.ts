import { randomBytes } from 'node:crypto'
import { createPasswords } from '../guard/passwords.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createActivationCodes } from './activation-codes.ts'
import { createActivations } from './activations.ts'
import { createAttributes } from './attributes.ts'
import { createCertificates } from './certificates.ts'
import { createClearing } from './clearing.ts'
import type { RegistryContext } from './context.ts'
import { createCredentials } from './credentials.ts'
import { createDeviceNames } from './device-names.ts'
import { createDevices } from './devices.ts'
import { createFleet } from './fleet.ts'
import { createHoldings } from './holdings.ts'
import { createHomes } from './homes.ts'
import { createKeyValues } from './key-values.ts'
import { createMembers } from './members.ts'
import { createMoves } from './moves.ts'
import { createOAuthClients } from './oauth-clients.ts'
import { createOneTimeTokens } from './one-time-tokens.ts'
import { createOpenOffers } from './open-offers.ts'
import { createPresences } from './presences.ts'
import { createProjectKeys } from './project-keys.ts'
import { createProjects } from './projects.ts'
import { createSessions } from './sessions.ts'
import { createTickets } from './tickets.ts'
import { createUsers } from './users.ts'
import { createValues } from './values.ts'
import { createWebhooks } from './webhooks.ts'

/** 256 random bits as 43 base64url characters. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Projects, users, homes, devices and their names, sessions: everything that is known of who and what there is. */
export const createRegistry = (context: RegistryContext) => {
  const passwords = createPasswords()
  const users = createUsers(context, passwords)
  const devices = createDevices(context)
  const members = createMembers(context)
  const sessions = createSessions(context, users, passwords)
  const presences = createPresences(context)
  return {
    projects: createProjects(context),
    users,
    homes: createHomes(context),
    members,
    holdings: createHoldings(members, devices),
    devices,
    moves: createMoves(context, devices),
    keyValues: createKeyValues(context),
    clearing: createClearing(context, devices),
    certificates: createCertificates(context),
    presences,
    fleet: createFleet(context, createDeviceNames(context), devices, presences),
    credentials: createCredentials(context),
    openOffers: createOpenOffers(context),
    attributes: createAttributes(context),
    values: createValues(context),
    activationCodes: createActivationCodes(context, devices, newSecret),
    activations: createActivations(context, users, newSecret),
    oneTimeTokens: createOneTimeTokens(context),
    projectKeys: createProjectKeys(context, newSecret),
    webhooks: createWebhooks(context),
    sessions,
    accessTokens: createAccessTokens(context, sessions),
    oauthClients: createOAuthClients(context, users, newSecret),
    tickets: createTickets(context, sessions, newSecret),
  }
}

export type Registry = ReturnType<typeof createRegistry>
