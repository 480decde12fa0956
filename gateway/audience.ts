import { doorKeys } from '../shared/claim/door.ts'
import type { HomeId, ProjectId } from '../shared/model/ids.ts'
import type { User } from '../shared/model/records.ts'
import { type SignedIn, sessionRef } from '../shared/registry/sessions.ts'
import { keys } from '../shared/store/keys.ts'
import type { GatewayContext } from './context.ts'
import type { Audience } from './live.ts'

/** More homes than a user can have. */
const MOST_HOMES = 200

/** The index is asked for, the records decide: a home that has ended is nobody's, though its places are not cleared away yet. */
const homesOf = async ({ store }: Pick<GatewayContext, 'store'>, { project, id, home }: User) => {
  const listed = (await store.list(keys.userHomes(project, id), { limit: MOST_HOMES })) as HomeId[]
  const others = listed.filter((one) => one !== home)
  const doors = others.map((one) => doorKeys(project, one, id))
  const entries = doors.length === 0 ? [] : await store.read(doors.flat())
  const isOpen = others.map(
    (_, at) => entries[2 * at] !== undefined && entries[2 * at + 1] !== undefined,
  )
  return new Set([home, ...others.filter((_, at) => isOpen[at])])
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
