import { createCommands } from '../delivery/commands.ts'
import { NOTICES_CHANNEL } from '../delivery/notices.ts'
import { createFeedWake } from '../delivery/wake.ts'
import type { Budget } from '../guard/budget.ts'
import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { ClaimId, DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type PolicyInForce, policyInForce } from '../model/policy.ts'
import type { Reason } from '../model/reasons.ts'
import type { Device, Project } from '../model/records.ts'
import { keyValuesLeft } from '../registry/key-value.ts'
import { keys } from '../store/keys.ts'
import type { Entry, Store } from '../store/port.ts'
import { type Found, found, readOne, transact } from '../store/transact.ts'
import { secretDigest } from './box-key-text.ts'
import type { CodeLimits } from './code-odds.ts'
import { standingIn, standingKeys } from './standing.ts'

export type EngineOptions = {
  readonly store: Store
  readonly digests: Digests
  readonly budget: Budget
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** A fresh UUID. */
  readonly newId: () => string
  readonly codeLimits?: CodeLimits
}

/** A device, and the policy it lives under. */
export type Snapshot = { readonly device: Found<Device>; readonly policy: PolicyInForce }

/** What every verb of the engine works with. */
export const createEngineContext = (options: EngineOptions) => {
  const { store, digests, log, metrics } = options

  /** An empty secret is no secret. */
  const digestOf = (device: DeviceId, secret: string | undefined) =>
    secret === undefined || secret === '' ? undefined : secretDigest(digests, device, secret)

  const snapshotKeys = (project: ProjectId, id: DeviceId) =>
    [keys.device(project, id), keys.project(project)] as const

  const snapshotIn = (
    [deviceKey, projectKey]: ReturnType<typeof snapshotKeys>,
    [device, space]: readonly (Entry | undefined)[],
  ): Snapshot => {
    const { value } = found<Project>(projectKey, space)
    return { device: found<Device>(deviceKey, device), policy: policyInForce(value?.policy ?? {}) }
  }

  const snapshot = async (project: ProjectId, id: DeviceId): Promise<Snapshot> => {
    const wanted = snapshotKeys(project, id)
    return snapshotIn(wanted, await store.read(wanted))
  }

  /** A device, and the standing of an account that wants it, in one look. */
  const sight = async (project: ProjectId, id: DeviceId, user: UserId, home: HomeId) => {
    const device = snapshotKeys(project, id)
    const account = standingKeys(project, user, home)
    const entries = await store.read([...device, ...account])
    return {
      ...snapshotIn(device, entries),
      standing: standingIn(account, entries.slice(device.length)),
    }
  }

  const commands = createCommands({ store, log, now: options.now, newId: options.newId })
  const wakeFeed = createFeedWake({ store, log })

  /** Tells the nodes that something lies in the outbox and in the feed of a project. */
  const wake = (project: ProjectId): void => {
    store.announce(NOTICES_CHANNEL, project).catch((cause: unknown) => {
      log.debug({ cause }, 'a wake-up was lost; the outbox still has the notice')
    })
    wakeFeed(project)
  }

  /** Tells whoever waits for a claim that something has come of it. */
  const tellClaim = (claim: ClaimId): void => {
    store.announce('claims', claim).catch((cause: unknown) => {
      log.debug({ cause }, 'a wake-up was lost; whoever waits asks again')
    })
  }

  /** After the commit by which a device has left a home. */
  const leftHome = (project: ProjectId, device: DeviceId, former: HomeId): void => {
    wake(project)
    commands.drop(project, device, former).catch((cause: unknown) => {
      log.debug({ err: cause }, 'commands of a former owner are over, though nobody was told')
    })
    forgetKeyValues(project, device).catch((cause: unknown) => {
      log.debug({ err: cause }, 'key-values of a former owner lie there until the next one')
    })
  }

  /** What its former home has left at a device. Nobody could see it any more. */
  const forgetKeyValues = (project: ProjectId, id: DeviceId): Promise<void> =>
    transact<void>(store, async () => {
      const { value } = await readOne<Device>(store, keys.device(project, id))
      const change = value && (await keyValuesLeft({ store }, project, value))
      return change === undefined ? { result: undefined } : { result: undefined, change }
    })

  const counted = <T extends { readonly state: string; readonly reason?: Reason }>(
    verb: 'offer' | 'redeem' | 'release',
    outcome: T,
  ): T => {
    metrics.claim(verb, outcome.state, outcome.reason)
    return outcome
  }

  return { ...options, digestOf, snapshot, sight, wake, leftHome, tellClaim, counted }
}

export type EngineContext = ReturnType<typeof createEngineContext>
