import type { Sessions, SignedIn } from '../../../shared/registry/sessions.ts'
import { customerOf } from './entities.ts'
import { AUTHORITY } from './guards.ts'

/** Life of an access and of a refresh token there: research/thingsboard.md 1.6. */
const ACCESS_MS = 9_000_000
/** A session lives as long as its refresh token. */
export const SESSION_MS = 604_800_000

/** A token and the one that renews it, with the claims that the platform's clients read out of them. */
export const pairOf = async (sessions: Sessions, signedIn: SignedIn) => {
  const { user, session } = signedIn
  const isPublic = false
  const access = {
    scopes: [AUTHORITY[user.role]],
    sessionId: session.id,
    firstName: user.firstName,
    lastName: user.lastName,
    enabled: true,
    isPublic,
    tenantId: user.project,
    customerId: customerOf(user),
  }
  const refresh = { scopes: ['REFRESH_TOKEN'], sessionId: session.id, isPublic }
  const [token, renewal] = await Promise.all([
    sessions.issue(signedIn, 'access', ACCESS_MS, access, user.email ?? user.id),
    sessions.issue(signedIn, 'refresh', SESSION_MS, refresh, user.email ?? user.id),
  ])
  return { token: token.token, refreshToken: renewal.token }
}
