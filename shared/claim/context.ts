import type { Budget } from '../guard/budget.ts'
import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Claimed, Opened, Refused, Released, Waiting } from '../model/outcomes.ts'
import { type PolicyInForce, policyInForce } from '../model/policy.ts'
import type { Device, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { type Found, found } from '../store/transact.ts'

export type EngineOptions = {
  readonly store: Store
  readonly digests: Digests
  readonly budget: Budget
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => number
  /** A fresh UUID. */
  readonly newId: () => string
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

  /** Tells the nodes that something lies in the outbox of a project. */
  const wake = (project: ProjectId): void => {
    store.announce('notices', project).catch((cause: unknown) => {
      log.debug({ cause }, 'a wake-up was lost; the outbox still has the notice')
    })
  }

  const counted = <T extends Opened | Waiting | Claimed | Released | Refused>(
    verb: 'offer' | 'redeem' | 'release',
    outcome: T,
  ): T => {
    metrics.claim(verb, outcome.state, outcome.state === 'refused' ? outcome.reason : undefined)
    return outcome
  }

  return { ...options, digestOf, snapshot, wake, counted }
}

export type EngineContext = ReturnType<typeof createEngineContext>
