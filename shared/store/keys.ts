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
  projectName: (name: string) => global('project-name', name),
  projectNumber: (number: number) => global('project-number', String(number)),
  projectKey: (digest: string) => global('project-key', digest),
  email: (email: string) => global('email', email),
  credential: (digest: string) => global('credential', digest),
  certificate: (digest: string) => global('certificate', digest),
  activation: (digest: string) => global('activation', digest),
  activationCode: (digest: string) => global('activation-code', digest),

  user: (p: ProjectId, id: UserId) => of(p, `user:${id}`),
  users: (p: ProjectId) => of(p, 'users'),
  home: (p: ProjectId, id: HomeId) => of(p, `home:${id}`),
  homes: (p: ProjectId) => of(p, 'homes'),
  homeTitle: (p: ProjectId, title: string) => of(p, `home-title:${title}`),
  homeDevices: (p: ProjectId, home: HomeId) => of(p, `home-devices:${home}`),
  homeMembers: (p: ProjectId, home: HomeId) => of(p, `home-members:${home}`),
  session: (p: ProjectId, id: string) => of(p, `session:${id}`),

  idempotency: (p: ProjectId, scope: string) => of(p, `idempotency:${scope}`),

  device: (p: ProjectId, id: DeviceId) => of(p, `device:${id}`),
  devices: (p: ProjectId) => of(p, 'devices'),
  deviceName: (p: ProjectId, name: string) => of(p, `device-name:${name}`),
  deviceNumber: (p: ProjectId, number: number) => of(p, `device-number:${number}`),
  thing: (p: ProjectId, thingId: string) => of(p, `thing:${thingId}`),
  particle: (p: ProjectId, id: string) => of(p, `particle:${id}`),
  attributes: (p: ProjectId, id: DeviceId, scope: string) => of(p, `attributes:${id}:${scope}`),
  presence: (p: ProjectId, id: DeviceId) => of(p, `presence:${id}`),
  openCode: (p: ProjectId, digest: string) => of(p, `open-code:${digest}`),
  resources: (p: ProjectId, id: DeviceId) => of(p, `resources:${id}`),
  values: (p: ProjectId, id: DeviceId, epoch: number, name: string) =>
    of(p, `values:${id}:${epoch}:${name}`),
  inbox: (p: ProjectId, id: DeviceId) => of(p, `inbox:${id}`),

  link: (p: ProjectId, digest: string) => of(p, `link:${digest}`),
  openLinks: (p: ProjectId, user: UserId) => of(p, `open-links:${user}`),

  attempt: (p: ProjectId, id: ClaimId) => of(p, `attempt:${id}`),
  attempts: (p: ProjectId, device: DeviceId) => of(p, `attempts:${device}`),
  history: (p: ProjectId, device: DeviceId) => of(p, `history:${device}`),
  notices: (p: ProjectId) => of(p, 'notices'),
  budget: (p: ProjectId, name: string) => of(p, `budget:${name}`),
} as const
