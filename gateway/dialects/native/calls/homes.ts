import { Type } from 'typebox'
import type { Calls } from '../../../description/call.ts'
import { exactly, Id, listOf, oneOf, optional, Text, Time } from './shapes.ts'

const MemberRole = oneOf(['owner', 'member'])

export const Home = exactly({
  id: Id,
  number: Type.Integer({ minimum: 1 }),
  name: Text,
  personal: Type.Boolean({ description: 'The home that an account has from the start' }),
  role: MemberRole,
  createdAt: Time,
})
export const Member = exactly({
  user: Id,
  email: optional(Text),
  name: optional(Text),
  role: MemberRole,
  joinedAt: Time,
})

/** Homes: what owns devices together. */
export const homeCalls = {
  listHomes: {
    on: 'GET /latchkey/v1/homes',
    topic: 'Homes',
    summary: 'The homes that I am a member of',
    by: 'user',
    answers: { 200: { is: 'All of them', body: listOf(Home) } },
  },
  makeHome: {
    on: 'POST /latchkey/v1/homes',
    topic: 'Homes',
    summary: 'Make a home',
    by: 'user',
    answers: { 201: { is: 'Made; it is yours', body: Home } },
  },
  endHome: {
    on: 'DELETE /latchkey/v1/homes/:id',
    topic: 'Homes',
    summary: 'End a home',
    about: 'Its devices have no owner then. A personal home ends with its account.',
    by: 'user',
    answers: { 204: { is: 'Ended' } },
    problems: [403, 404, 409],
  },
  listMembers: {
    on: 'GET /latchkey/v1/homes/:id/members',
    topic: 'Homes',
    summary: 'Who is a member of a home',
    by: 'user',
    answers: { 200: { is: 'All of them', body: listOf(Member) } },
    problems: [404],
  },
  addMember: {
    on: 'POST /latchkey/v1/homes/:id/members',
    topic: 'Homes',
    summary: 'Take an account into a home',
    by: 'user',
    answers: { 201: { is: 'Taken in', body: Member } },
    problems: [403, 404],
  },
  removeMember: {
    on: 'DELETE /latchkey/v1/homes/:id/members/:user',
    topic: 'Homes',
    summary: 'Leave a home, or have somebody leave it',
    by: 'user',
    answers: { 204: { is: 'Gone' } },
    problems: [403, 404, 409],
  },
} as const satisfies Calls
