import { createCommands } from '../delivery/commands.ts'
import { NOTICES_CHANNEL } from '../delivery/notices.ts'
import { createFeedWake } from '../delivery/wake.ts'
import type { Budget } from '../guard/budget.ts'
import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { ClaimId, DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import { type PolicyInForce, policyInForce } from '../model/policy.ts'
import type { Reason } from '../model/reasons.ts'
import type { Device, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { type Found, found } from '../store/transact.ts'
import type { CodeLimits } from './code-odds.ts'

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
    secret === undefined || secret === '' ? undefined : digests.secret(device, secret)

  const snapshot = async (project: ProjectId, id: DeviceId): Promise<Snapshot> => {
    const wanted = [keys.device(project, id), keys.project(project)] as const
    const [device, space] = await store.read(wanted)
    const { value } = found<Project>(wanted[1], space)
    return { device: found<Device>(wanted[0], device), policy: policyInForce(value?.policy ?? {}) }
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
  }

  const counted = <T extends { readonly state: string; readonly reason?: Reason }>(
    verb: 'offer' | 'redeem' | 'release',
    outcome: T,
  ): T => {
    metrics.claim(verb, outcome.state, outcome.reason)
    return outcome
  }

  return { ...options, digestOf, snapshot, wake, leftHome, tellClaim, counted }
}

export type EngineContext = ReturnType<typeof createEngineContext>
