import { Type } from 'typebox'
import { Policy } from '../../../../shared/model/policy.ts'
import type { Calls } from '../../../description/call.ts'
import { exactly, Id, oneOf, optional, Shown, Text, Time } from './shapes.ts'

const Role = oneOf(['maker', 'customer'])

export const Session = exactly({
  token: Type.String({ description: 'Bearer token, for every dialect' }),
  expiresAt: Time,
  user: exactly({ id: Id, email: Text, role: Role, project: Id, home: Id }),
})
export const Account = exactly({ id: Id, email: Text, role: Role, home: Id })
export const Project = exactly({
  id: Id,
  number: Type.Integer({ minimum: 1 }),
  name: Text,
  accounts: oneOf(['email', 'phone', 'byou']),
  provisioning: oneOf(['pre', 'on-demand']),
  // A window's default depends on who opens it, until it is set.
  policy: exactly({
    ...Policy.properties,
    windowDefaultMs: optional(Policy.properties.windowDefaultMs),
  }),
  createdAt: Time,
})

/** Sessions, accounts, projects and what a maker's own programs sign in with. */
export const accountCalls = {
  signIn: {
    on: 'POST /latchkey/v1/sessions',
    topic: 'Accounts',
    summary: 'Sign in',
    about: 'After 100 wrong tries in ten minutes an account has to wait.',
    by: 'anyone',
    answers: { 201: { is: 'Signed in', body: Session } },
    problems: [401, 429],
  },
  signOut: {
    on: 'DELETE /latchkey/v1/sessions',
    topic: 'Accounts',
    summary: 'Sign out everywhere',
    about: 'Every token of the account is dead with the reply, in every dialect and on every node.',
    by: 'user',
    answers: { 204: { is: 'Signed out' } },
  },
  makeAccount: {
    on: 'POST /latchkey/v1/users',
    topic: 'Accounts',
    summary: 'Make an account',
    about:
      'A maker makes accounts of any role; anybody a customer, where the project allows it (policy `signUp`).',
    by: 'anyone',
    answers: { 201: { is: 'Made', body: Account } },
    problems: [403, 409],
  },
  setGrants: {
    on: 'PUT /latchkey/v1/users/:id/grants',
    topic: 'Accounts',
    summary: 'Give or withhold the right to claim',
    by: 'maker',
    answers: { 200: { is: 'Set', body: exactly({ id: Id, claimDevices: Type.Boolean() }) } },
    problems: [404],
  },
  makeProject: {
    on: 'POST /latchkey/v1/projects',
    topic: 'Projects',
    summary: 'Make a project',
    about: 'For makers of the default project. Two projects never see each other.',
    by: 'maker',
    answers: { 201: { is: 'Made', body: Project } },
    problems: [409],
  },
  endProject: {
    on: 'DELETE /latchkey/v1/projects/:id',
    topic: 'Projects',
    summary: 'End a project',
    about: 'Its devices, accounts and homes end with it. Nobody ends the project that he is in.',
    by: 'maker',
    answers: { 204: { is: 'Ended' } },
    problems: [404],
  },
  makeProjectKey: {
    on: 'POST /latchkey/v1/project-keys',
    topic: 'Projects',
    summary: 'Make a key for a program of the maker',
    by: 'maker',
    answers: { 201: { is: 'Made', body: exactly({ id: Id, key: Shown }) } },
    problems: [404],
  },
  makeOAuthClient: {
    on: 'POST /latchkey/v1/oauth-clients',
    topic: 'Projects',
    summary: "Make an OAuth client of a product, for Particle's API",
    by: 'maker',
    answers: { 201: { is: 'Made', body: exactly({ id: Text, secret: Shown }) } },
    problems: [404, 409],
  },
  makeActivationCodes: {
    on: 'POST /latchkey/v1/activation-codes',
    topic: 'Devices',
    summary: "Make activation codes, for thethings.io's API",
    about: 'A device comes into being with each of them, once.',
    by: 'maker',
    answers: { 201: { is: 'Made', body: exactly({ codes: Type.Array(Shown) }) } },
    problems: [404],
  },
} as const satisfies Calls
