import type { CommandId } from '../model/events.ts'
import type { ClaimId, DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import type { Key } from './port.ts'

/**
 * Every name under which something is kept; `docs/storage.md` says what lies there and for how long.
 * `{…}` is the tag by which a store may be sharded: a project, or what has to be unique over all projects.
 */
const of = (project: ProjectId, rest: string): Key => `{${project}}${rest}` as Key
const global = (kind: string, id: string): Key => `{~${kind}:${id}}` as Key

export const keys = {
  project: (p: ProjectId) => of(p, 'project'),
  projects: () => global('projects', 'all'),
  projectsWithWebhooks: () => global('webhooks', 'all'),
  projectName: (name: string) => global('project-name', name),
  projectNumber: (number: number) => global('project-number', String(number)),
  projectKey: (digest: string) => global('project-key', digest),
  email: (email: string) => global('email', email),
  credential: (digest: string) => global('credential', digest),
  certificate: (digest: string) => global('certificate', digest),
  activation: (digest: string) => global('activation', digest),
  node: (id: string) => global('node', id),
  schema: () => global('schema', 'all'),
  ticket: (digest: string) => global('ticket', digest),
  activationCode: (digest: string) => global('activation-code', digest),
  claimCode: (digest: string) => global('claim-code', digest),
  provisioning: (digest: string) => global('provisioning', digest),
  messagesTo: (digest: string) => global('messages-to', digest),

  user: (p: ProjectId, id: UserId) => of(p, `user:${id}`),
  users: (p: ProjectId) => of(p, 'users'),
  userNumber: (p: ProjectId, number: number) => of(p, `user-number:${number}`),
  userEmail: (p: ProjectId, email: string) => of(p, `user-email:${email}`),
  userPhone: (p: ProjectId, phone: string) => of(p, `user-phone:${phone}`),
  userHomes: (p: ProjectId, user: UserId) => of(p, `user-homes:${user}`),
  home: (p: ProjectId, id: HomeId) => of(p, `home:${id}`),
  homes: (p: ProjectId) => of(p, 'homes'),
  homeTitle: (p: ProjectId, title: string) => of(p, `home-title:${title}`),
  homeDevices: (p: ProjectId, home: HomeId) => of(p, `home-devices:${home}`),
  homeNumber: (p: ProjectId, number: number) => of(p, `home-number:${number}`),
  homeMembers: (p: ProjectId, home: HomeId) => of(p, `home-members:${home}`),
  member: (p: ProjectId, home: HomeId, user: UserId) => of(p, `member:${home}:${user}`),
  session: (p: ProjectId, id: string) => of(p, `session:${id}`),
  projectKeys: (p: ProjectId) => of(p, 'project-keys'),
  openCodes: (p: ProjectId) => of(p, 'open-codes'),
  ending: (p: ProjectId, what: string) => of(p, `ending:${what}`),
  endings: (p: ProjectId) => of(p, 'endings'),
  keyValue: (p: ProjectId, owner: HomeId | DeviceId, key: string) => of(p, `kv:${owner}:${key}`),
  keyValues: (p: ProjectId, owner: HomeId | DeviceId) => of(p, `kvs:${owner}`),
  keyValueState: (p: ProjectId, owner: HomeId | DeviceId) => of(p, `kv-state:${owner}`),
  signInNetworks: (p: ProjectId, id: UserId) => of(p, `sign-in-networks:${id}`),

  accessTokens: (p: ProjectId, user: UserId) => of(p, `access-tokens:${user}`),
  oauthClient: (p: ProjectId, id: string) => of(p, `oauth-client:${id}`),
  oauthClients: (p: ProjectId) => of(p, 'oauth-clients'),
  transfer: (p: ProjectId, id: string) => of(p, `transfer:${id}`),
  transfersOf: (p: ProjectId, user: UserId) => of(p, `transfers-of:${user}`),

  oneTime: (p: ProjectId, place: string) => of(p, `one-time:${place}`),
  letter: (p: ProjectId, id: string) => of(p, `letter:${id}`),
  letters: (p: ProjectId, way: string) => of(p, `letters:${way}`),

  imports: (p: ProjectId) => of(p, 'imports'),
  operation: (p: ProjectId, id: string) => of(p, `operation:${id}`),
  operationFaults: (p: ProjectId, id: string) => of(p, `operation-faults:${id}`),
  operationResults: (p: ProjectId, id: string) => of(p, `operation-results:${id}`),
  spool: (p: ProjectId, id: string, place: number) => of(p, `spool:${id}:${place}`),

  idempotency: (p: ProjectId, scope: string) => of(p, `idempotency:${scope}`),

  device: (p: ProjectId, id: DeviceId) => of(p, `device:${id}`),
  devices: (p: ProjectId) => of(p, 'devices'),
  deviceNames: (p: ProjectId) => of(p, 'device-names'),
  named: (p: ProjectId) => of(p, 'device-names-done'),
  deviceName: (p: ProjectId, name: string) => of(p, `device-name:${name}`),
  deviceNumber: (p: ProjectId, number: number) => of(p, `device-number:${number}`),
  thing: (p: ProjectId, thingId: string) => of(p, `thing:${thingId}`),
  particle: (p: ProjectId, id: string) => of(p, `particle:${id}`),
  printed: (p: ProjectId, digest: string) => of(p, `printed:${digest}`),
  attributes: (p: ProjectId, id: DeviceId, scope: string) => of(p, `attributes:${id}:${scope}`),
  presence: (p: ProjectId, id: DeviceId) => of(p, `presence:${id}`),
  socketPresence: (p: ProjectId, id: DeviceId) => of(p, `socket-presence:${id}`),
  openCode: (p: ProjectId, digest: string) => of(p, `open-code:${digest}`),
  webhook: (p: ProjectId, id: string) => of(p, `webhook:${id}`),
  webhooks: (p: ProjectId) => of(p, 'webhooks'),
  webhookProgress: (p: ProjectId, id: string) => of(p, `webhook-progress:${id}`),
  resources: (p: ProjectId, id: DeviceId) => of(p, `resources:${id}`),
  values: (p: ProjectId, id: DeviceId, epoch: number, name: string) =>
    of(p, `values:${id}:${epoch}:${name}`),
  inbox: (p: ProjectId, id: DeviceId) => of(p, `inbox:${id}`),
  echo: (p: ProjectId, id: DeviceId) => of(p, `echo:${id}`),

  link: (p: ProjectId, digest: string) => of(p, `link:${digest}`),
  openLinks: (p: ProjectId, user: UserId) => of(p, `open-links:${user}`),
  code: (p: ProjectId, digest: string) => of(p, `code:${digest}`),
  codesOf: (p: ProjectId, user: UserId) => of(p, `codes-of:${user}`),
  provisioningToken: (p: ProjectId, digest: string) => of(p, `provisioning-token:${digest}`),
  provisioningTokensOf: (p: ProjectId, user: UserId) => of(p, `provisioning-tokens-of:${user}`),

  attempt: (p: ProjectId, id: ClaimId) => of(p, `attempt:${id}`),
  attempts: (p: ProjectId, device: DeviceId) => of(p, `attempts:${device}`),
  history: (p: ProjectId, device: DeviceId) => of(p, `history:${device}`),
  refusals: (p: ProjectId, device: DeviceId) => of(p, `refusals:${device}`),
  audit: (p: ProjectId) => of(p, 'audit'),
  auditChain: (p: ProjectId) => of(p, 'audit-chain'),
  auditHead: (p: ProjectId) => of(p, 'audit-head'),
  notices: (p: ProjectId) => of(p, 'notices'),
  events: (p: ProjectId) => of(p, 'events'),
  deviceEvents: (p: ProjectId, id: DeviceId, epoch: number) =>
    of(p, `device-events:${id}:${epoch}`),
  command: (p: ProjectId, id: CommandId) => of(p, `command:${id}`),
  commands: (p: ProjectId, device: DeviceId) => of(p, `commands:${device}`),
  tally: (p: ProjectId, span: string, at: number) => of(p, `tally:${span}:${at}`),
  connected: (p: ProjectId, holder: string) => of(p, `connected:${holder}`),
  connectedBy: (p: ProjectId) => of(p, 'connected'),
  budget: (p: ProjectId, name: string) => of(p, `budget:${name}`),
} as const
