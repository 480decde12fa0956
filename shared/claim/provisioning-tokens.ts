import { randomBytes } from 'node:crypto'
import { lookupDigest } from '../guard/digests.ts'
import type { HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import { policyInForce } from '../model/policy.ts'
import type { Project, ProvisioningToken } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Key } from '../store/port.ts'
import { joined, put, readMany, readOne, type Step, transact } from '../store/transact.ts'
import { ATTEMPT_TTL_MS } from './attempts.ts'
import type { EngineContext } from './context.ts'
import { createOpenHalves, type OpenHalf } from './open-halves.ts'
import { standingOf } from './standing.ts'

/** An account makes a half for a device that is not there yet: of that class, for one of its homes. */
export type MakeProvisioningToken = {
  readonly project: ProjectId
  readonly user: UserId
  readonly home: HomeId
  readonly deviceClass: string
  readonly tag?: string | undefined
}

/** The token, which can be read only now: 43 base64url characters. */
export type MadeProvisioningToken = {
  readonly state: 'open'
  readonly token: string
  readonly expiresAt: number
}

/** Open tokens of one account: the next one waits until one is used or over. */
export const MOST_OPEN_TOKENS = 50

/** The project takes no new devices this way. */
export const closed = refused('provisioning-closed', true)

/** A token is remembered as long as attempts are, so that who brings it again hears that it is used or over. */
export const keptToken = (key: Key, token: ProvisioningToken): Change => ({
  put: [put(key, token, token.expiresAt + ATTEMPT_TTL_MS)],
})

/** The verb *offer*, for provisioning tokens. */
export const createProvisioningTokens = (context: EngineContext) => {
  const { store, counted, now } = context
  const openHalves = createOpenHalves(context)

  const stillOpen = async (project: ProjectId, tokens: readonly OpenHalf[]) => {
    const wanted = tokens.map(({ digest }) => keys.provisioningToken(project, digest))
    const records = await readMany<ProvisioningToken>(store, wanted)
    return tokens.filter((_, place) => {
      const token = records[place]?.value
      return token !== undefined && token.used === undefined && now() < token.expiresAt
    })
  }

  const stepOf = async (
    command: MakeProvisioningToken,
  ): Promise<Step<MadeProvisioningToken | Refused>> => {
    const { project, user, home, deviceClass, tag } = command
    const { value: space } = await readOne<Project>(store, keys.project(project))
    if (space?.provisioning !== 'on-demand') return { result: closed }
    const { refusal, expect } = await standingOf(store, project, user, home)
    if (refusal !== undefined) return { result: refusal }
    const createdAt = now()
    const expiresAt = createdAt + policyInForce(space.policy).provisioningTokenTtlMs
    const token = randomBytes(32).toString('base64url')
    const digest = lookupDigest(token)
    const room = await openHalves.room({
      key: keys.provisioningTokensOf(project, user),
      half: { digest, expiresAt },
      most: MOST_OPEN_TOKENS,
      stillOpen: (tokens) => stillOpen(project, tokens),
    })
    if ('state' in room) return { result: room }
    const named = tag === undefined ? {} : { tag }
    const record: ProvisioningToken = { user, home, deviceClass, ...named, createdAt, expiresAt }
    // The record makes a token good; this only says which project that is in.
    const place = put(keys.provisioning(digest), project, expiresAt + ATTEMPT_TTL_MS)
    await store.commit({ put: [place] })
    const kept = keptToken(keys.provisioningToken(project, digest), record)
    return { result: { state: 'open', token, expiresAt }, change: joined({ expect }, kept, room) }
  }

  /** Makes a token, good once, where the project lets devices come into being on demand. */
  const makeProvisioningToken = async (command: MakeProvisioningToken) =>
    counted('offer', await transact(store, () => stepOf(command)))

  return { makeProvisioningToken }
}
