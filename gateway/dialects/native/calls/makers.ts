import { Type } from 'typebox'
import type { Calls } from '../../../description/call.ts'
import { Project } from './accounts.ts'
import { Attempt } from './claims.ts'
import { Device } from './devices.ts'
import { Member } from './homes.ts'
import { Epoch, exactly, Id, listOf, oneOf, optional, pageOf, Shown, Text, Time } from './shapes.ts'

export const FleetDevice = exactly(
  {
    ...Device.properties,
    connected: Type.Boolean(),
    connectedAt: optional(Time),
    disconnectedAt: optional(Time),
    home: optional(exactly({ id: Id, name: Text, email: optional(Text) })),
    ownedSince: optional(Time),
    boxKey: Type.Boolean({ description: 'Whether a key from its box would be good now' }),
    claimMode: Type.Boolean({ description: 'Whether the code printed on it would be good now' }),
    certificate: Type.Boolean({ description: 'Whether it has an X.509 certificate' }),
    claimingAllowed: optional(Type.Boolean()),
  },
  'A device as its maker looks after it',
)
const KnownKey = exactly({ id: Id, name: Text, grants: Type.Array(Text), createdAt: Time })
const KnownClient = exactly({
  id: Text,
  name: Text,
  type: oneOf(['installed', 'web']),
  grants: Type.Array(Text),
  createdAt: Time,
})
export const Person = exactly({
  id: Id,
  email: optional(Text),
  phone: optional(Text),
  name: optional(Text),
  role: oneOf(['maker', 'customer']),
  home: Id,
  claimDevices: Type.Boolean(),
  verified: Type.Boolean(),
  createdAt: Time,
})
export const House = exactly({
  id: Id,
  number: Type.Integer({ minimum: 1 }),
  name: Text,
  personal: Type.Boolean(),
  createdAt: Time,
})
const Count = Type.Integer({ minimum: 0 })
export const Counts = exactly({
  at: Type.String({ format: 'date-time', description: 'When the minute or hour began' }),
  opened: Type.Integer({ minimum: 0, description: 'Halves that were left: windows, links, codes' }),
  redeemed: Type.Integer({ minimum: 0, description: 'Tries to claim: claimed and refused' }),
  claimed: Count,
  refused: Type.Record(Type.String(), Count, { description: 'By reason' }),
  released: Count,
})
const Ends = Type.Array(Time, { description: 'When each of them ends' })

/** What a maker sees and does in a project, for the console. */
export const makerCalls = {
  searchFleet: {
    on: 'GET /latchkey/v1/fleet',
    topic: 'Devices',
    summary: 'Look for devices of a project',
    about:
      '`search` is the beginning of a name, or an id, a number, a thing id or a Particle id as a whole. In the order of names. ' +
      'With `state` one request looks at 500 devices at most: a page may be empty and have a `next`.',
    by: 'maker',
    answers: { 200: { is: 'A page', body: pageOf(FleetDevice) } },
    problems: [404],
  },
  readFleetDevice: {
    on: 'GET /latchkey/v1/fleet/:id',
    topic: 'Devices',
    summary: 'One device with its home and its connection',
    by: 'maker',
    answers: {
      200: { is: 'The device', body: exactly({ ...FleetDevice.properties, project: Text }) },
    },
    problems: [404],
  },
  listAttempts: {
    on: 'GET /latchkey/v1/devices/:id/attempts',
    topic: 'Devices',
    summary: 'Who tried to claim a device, and the true reason of each refusal',
    by: 'maker',
    answers: { 200: { is: 'The newest 200 of 7 days', body: listOf(Attempt) } },
    problems: [404],
  },
  renameDevice: {
    on: 'PATCH /latchkey/v1/devices/:id',
    topic: 'Devices',
    summary: 'Rename a device',
    by: 'maker',
    answers: { 200: { is: 'The device', body: Device } },
    problems: [404, 409],
  },
  renewCredential: {
    on: 'POST /latchkey/v1/devices/:id/credential',
    topic: 'Devices',
    summary: 'Give a device another credential',
    about: 'The former one opens nothing any more, and the connection that it made ends.',
    by: 'maker',
    answers: { 201: { is: 'Made', body: exactly({ token: Shown }) } },
    problems: [404],
  },
  listProjects: {
    on: 'GET /latchkey/v1/projects',
    topic: 'Projects',
    summary: 'My project; all of them for a maker of the default one',
    by: 'maker',
    answers: { 200: { is: 'The own one first', body: listOf(Project) } },
  },
  setPolicy: {
    on: 'PUT /latchkey/v1/projects/:id/policy',
    topic: 'Projects',
    summary: 'Set the policy of a project',
    about: 'What is absent follows the defaults.',
    by: 'maker',
    answers: { 200: { is: 'The project', body: Project } },
    problems: [404],
  },
  listProjectKeys: {
    on: 'GET /latchkey/v1/project-keys',
    topic: 'Projects',
    summary: 'The keys of a project, without what opens anything',
    by: 'maker',
    answers: { 200: { is: 'All of them', body: listOf(KnownKey) } },
    problems: [404],
  },
  removeProjectKey: {
    on: 'DELETE /latchkey/v1/project-keys/:id',
    topic: 'Projects',
    summary: 'End a key of a project',
    by: 'maker',
    answers: { 204: { is: 'It opens nothing any more' } },
    problems: [404],
  },
  listOAuthClients: {
    on: 'GET /latchkey/v1/oauth-clients',
    topic: 'Projects',
    summary: 'The OAuth clients of a product, without their secrets',
    by: 'maker',
    answers: { 200: { is: 'All of them', body: listOf(KnownClient) } },
    problems: [404],
  },
  removeOAuthClient: {
    on: 'DELETE /latchkey/v1/oauth-clients/:id',
    topic: 'Projects',
    summary: 'End an OAuth client',
    by: 'maker',
    answers: { 204: { is: 'Ended' } },
    problems: [404],
  },
  listAccounts: {
    on: 'GET /latchkey/v1/users',
    topic: 'Accounts',
    summary: 'The accounts of a project',
    about: 'With `email` the one of that address.',
    by: 'maker',
    answers: { 200: { is: 'A page', body: pageOf(Person) } },
    problems: [404],
  },
  readAccount: {
    on: 'GET /latchkey/v1/users/:id',
    topic: 'Accounts',
    summary: 'One account, its homes, and what it has open',
    about: 'Of open links, codes and tokens only how many there are and when they end.',
    by: 'maker',
    answers: {
      200: {
        is: 'The account',
        body: exactly({
          ...Person.properties,
          homes: Type.Array(House),
          open: exactly({ links: Ends, codes: Ends, provisioningTokens: Ends }),
        }),
      },
    },
    problems: [404],
  },
  endSessions: {
    on: 'DELETE /latchkey/v1/users/:id/sessions',
    topic: 'Accounts',
    summary: 'Sign an account out everywhere',
    by: 'maker',
    answers: { 204: { is: 'Every token of the account is dead' } },
    problems: [404],
  },
  listProjectHomes: {
    on: 'GET /latchkey/v1/project-homes',
    topic: 'Homes',
    summary: 'The homes of a project',
    by: 'maker',
    answers: { 200: { is: 'A page', body: pageOf(House) } },
    problems: [404],
  },
  readProjectHome: {
    on: 'GET /latchkey/v1/project-homes/:id',
    topic: 'Homes',
    summary: 'One home, its members and its devices',
    by: 'maker',
    answers: {
      200: {
        is: 'The home; of its devices the first 500',
        body: exactly({
          ...House.properties,
          members: Type.Array(Member),
          devices: Type.Array(exactly({ id: Id, name: Text, epoch: Epoch })),
        }),
      },
    },
    problems: [404],
  },
  readStatistics: {
    on: 'GET /latchkey/v1/statistics',
    topic: 'Projects',
    summary: 'How claiming goes',
    about:
      '`per=minute` (60 of them, if nothing is said) or `per=hour` (168), oldest first; the last one is not over yet. ' +
      'A second may pass before something is counted.',
    by: 'maker',
    answers: {
      200: {
        is: 'Counts',
        body: exactly({
          per: oneOf(['minute', 'hour']),
          connected: Type.Integer({ minimum: 0, description: 'Devices that are connected now' }),
          items: Type.Array(Counts),
        }),
      },
    },
    problems: [404],
  },
} as const satisfies Calls
