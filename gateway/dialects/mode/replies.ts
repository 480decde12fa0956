import type { Home, User } from '../../../shared/model/records.ts'
import type { KeyValue } from '../../../shared/registry/key-values.ts'
import type { Member } from '../../../shared/registry/members.ts'

/** RFC 3339 in UTC. */
export const time = (ms: number): string => new Date(ms).toISOString()

const addressOf = ({ email, phone }: User) => ({
  ...(phone === undefined ? {} : { phoneNumber: phone }),
  ...(email === undefined ? {} : { email }),
})

/** A user: research/mode_thethings_thingful.md 1.2. Never a password. */
export const userBody = (user: User, projectId: number) => ({
  id: user.number,
  projectId,
  creationTime: time(user.createdAt),
  ...addressOf(user),
  name: user.name ?? '',
  verified: user.unverified === undefined,
})

/** A home. */
export const homeBody = (home: Home, projectId: number) => ({
  id: home.number,
  projectId,
  creationTime: time(home.createdAt),
  name: home.title,
})

/** A member of a home; `role` is of later versions. */
export const memberBody = ({ user, membership }: Member) => ({
  userId: user.number,
  creationTime: time(membership.joinedAt),
  name: user.name ?? '',
  ...addressOf(user),
  verified: user.unverified === undefined,
  role: membership.role,
})

/** A key-value pair. */
export const keyValueBody = ({ key, value, modifiedAt }: KeyValue) => ({
  key,
  value,
  modificationTime: time(modifiedAt),
})
