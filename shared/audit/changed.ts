import { canonical } from './chain.ts'

/** Which of these members are not as they were, for the `what` of an audit line; '' where none is. Names only, never what they hold. */
export const changedIn = <T extends object>(
  before: T,
  after: T,
  members: readonly (keyof T & string)[],
): string => members.filter((name) => canonical(before[name]) !== canonical(after[name])).join(',')
