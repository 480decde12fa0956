import type { HomeId, ProjectId } from '../shared/model/ids.ts'
import type { User } from '../shared/model/records.ts'
import { type SignedIn, sessionRef } from '../shared/registry/sessions.ts'
import { keys } from '../shared/store/keys.ts'
import type { GatewayContext } from './context.ts'
import type { Audience } from './live.ts'

/** More homes than a user can have. */
const MOST_HOMES = 200

const homesOf = async ({ store }: Pick<GatewayContext, 'store'>, { project, id, home }: User) => {
  const others = await store.list(keys.userHomes(project, id), { limit: MOST_HOMES })
  return new Set([home, ...(others as HomeId[])])
}

/** What a user may hear now: of the homes he is a member of, and of himself. */
export const audienceOf = async (
  context: Pick<GatewayContext, 'store'>,
  user: User,
): Promise<Audience> => ({ kind: 'some', homes: await homesOf(context, user), user: user.id })

/** What a session lets its user hear of a project, as long as it lasts; a maker hears all of it. */
export const audienceOfSession = (
  context: Pick<GatewayContext, 'store' | 'registry'>,
  signedIn: SignedIn,
  project: ProjectId,
): (() => Promise<Audience | undefined>) => {
  const ref = sessionRef(signedIn)
  return async () => {
    const present = await context.registry.sessions.resume(ref)
    if (present === undefined) return undefined
    if (present.user.role === 'maker') return { kind: 'all' }
    return present.user.project === project ? audienceOf(context, present.user) : undefined
  }
}
