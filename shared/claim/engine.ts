import type { Budget, Turn } from '../guard/budget.ts'
import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { ClaimId, DeviceId, HomeId, OfferId, ProjectId, UserId } from '../model/ids.ts'
import {
  type Claimed,
  type Opened,
  type Refused,
  type Released,
  refused,
} from '../model/outcomes.ts'
import { type PolicyInForce, policyInForce } from '../model/policy.ts'
import type { Attempt, Device, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import {
  type Found,
  found,
  put,
  readOne,
  type Step,
  transact,
  unchanged,
} from '../store/transact.ts'
import { recorded } from './attempts.ts'
import { handover } from './handover.ts'
import { openWindow, redeem, release, setBoxKey, type WindowRule } from './rules.ts'

/** A device leaves its half. An empty secret is no secret. */
export type OfferWindow = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly secret: string | undefined
  readonly durationMs: number | undefined
  readonly rule: WindowRule
  readonly via: string
}

/** An account brings the other half. `asked` is what it called the device, `device` what that stands for. */
export type RedeemDevice = {
  readonly project: ProjectId
  readonly user: UserId
  /** Whether the maker lets this user claim devices. */
  readonly permitted: boolean
  readonly home: HomeId
  readonly address: string
  readonly asked: string
  readonly device: DeviceId | undefined
  readonly secret: string | undefined
  readonly via: string
}

/** Who gives the device up. A home may only release what it owns. */
export type ReleaseDevice = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly by:
    | { readonly kind: 'home'; readonly home: HomeId; readonly user: UserId }
    | { readonly kind: 'maker'; readonly user: UserId }
    | { readonly kind: 'device' }
  readonly via: string
}

/** What became of a redeem, and the id under which the attempt can be asked for. */
export type Redeemed = { readonly attempt: ClaimId; readonly outcome: Claimed | Refused }

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

/** Nobody ever hears of these reasons as a guess gone wrong: the proof was right, or there was nothing to guess. */
const isWrongTry = (outcome: Claimed | Refused) => outcome.state === 'refused' && !outcome.entitled

/** The one place that decides whose device it is. Every method throws `StoreDown` when it cannot tell. */
export const createEngine = (options: EngineOptions) => {
  const { store, digests, budget, log, metrics, now, newId } = options
  const digestOf = (device: DeviceId | string, secret: string | undefined) =>
    secret === undefined || secret === '' ? undefined : digests.secret(device, secret)

  /** A device with the policy it lives under. */
  const snapshot = async (project: ProjectId, id: DeviceId) => {
    const wanted = [keys.device(project, id), keys.project(project)] as const
    const [device, space] = await store.read(wanted)
    const { value } = found<Project>(wanted[1], space)
    const policy: PolicyInForce = policyInForce(value?.policy ?? {})
    return { device: found<Device>(wanted[0], device), policy }
  }

  const wake = (project: ProjectId) => {
    store.announce('notices', project).catch((cause: unknown) => {
      log.debug({ cause }, 'a wake-up was lost; the outbox still has the notice')
    })
  }

  const offerWindow = async (offer: OfferWindow): Promise<Opened | Refused> => {
    const outcome = await transact<Opened | Refused>(store, async () => {
      const { device, policy } = await snapshot(offer.project, offer.device)
      if (device.value === undefined) return { result: refused('device-unknown', true) }
      const { outcome, device: after } = openWindow(
        device.value,
        policy,
        {
          id: newId() as OfferId,
          secret: digestOf(offer.device, offer.secret),
          durationMs: offer.durationMs,
          rule: offer.rule,
          via: offer.via,
        },
        now(),
      )
      if (after === undefined) return { result: outcome }
      return {
        result: outcome,
        change: { expect: [unchanged(device)], put: [put(device.key, after)] },
      }
    })
    return counted('offer', outcome)
  }

  const counted = <T extends Opened | Claimed | Released | Refused>(
    verb: 'offer' | 'redeem' | 'release',
    outcome: T,
  ): T => {
    metrics.claim(verb, outcome.state, outcome.state === 'refused' ? outcome.reason : undefined)
    return outcome
  }

  /** The maker's half. `false`: there is no such device. */
  const offerBoxKey = (
    project: ProjectId,
    id: DeviceId,
    secret: string | undefined,
    expiresAt: number,
  ): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const device = await readOne<Device>(store, keys.device(project, id))
      if (device.value === undefined) return { result: false }
      const digest = digestOf(id, secret)
      const after = setBoxKey(device.value, {
        ...(digest === undefined ? {} : { secret: digest }),
        expiresAt,
      })
      return {
        result: true,
        change: { expect: [unchanged(device)], put: [put(device.key, after)] },
      }
    })

  const attemptOf = (
    command: RedeemDevice,
    id: ClaimId,
    at: number,
    outcome: Claimed | Refused,
    device: DeviceId | undefined,
  ): Attempt => ({
    id,
    project: command.project,
    user: command.user,
    home: command.home,
    ...(device === undefined ? {} : { device }),
    asked: command.asked.slice(0, 64),
    at,
    state: outcome.state,
    ...(outcome.state === 'refused' ? { reason: outcome.reason } : { epoch: outcome.epoch }),
    entitled: outcome.state === 'claimed' || outcome.entitled,
    via: command.via,
  })

  const refusedStep = (
    command: RedeemDevice,
    id: ClaimId,
    outcome: Refused,
    device: DeviceId | undefined,
  ): Step<Redeemed> => ({
    result: { attempt: id, outcome },
    change: recorded(attemptOf(command, id, now(), outcome, device)),
  })

  const tryRedeem = async (command: RedeemDevice, id: ClaimId): Promise<Step<Redeemed>> => {
    // The same work for a device that is not there: research/security.md S66.
    const target = command.device ?? ('00000000-0000-4000-8000-000000000000' as DeviceId)
    const { device } = await snapshot(command.project, target)
    const secret = digestOf(target, command.secret)
    if (device.value === undefined)
      return refusedStep(command, id, refused('device-unknown'), undefined)
    if (!command.permitted)
      return refusedStep(command, id, refused('not-permitted', true), device.value.id)
    const at = now()
    const proof = { claim: id, user: command.user, home: command.home, secret }
    const { outcome, device: after, before } = redeem(device.value, proof, at)
    if (outcome.state === 'refused') return refusedStep(command, id, outcome, device.value.id)
    if (after === undefined) return { result: { attempt: outcome.claim, outcome } }
    return {
      result: { attempt: id, outcome },
      change: claimedChange(command, id, at, device, device.value, after, outcome, before),
    }
  }

  const claimedChange = (
    command: RedeemDevice,
    id: ClaimId,
    at: number,
    device: Found<Device>,
    was: Device,
    after: Device,
    outcome: Claimed,
    before: number | undefined,
  ) => {
    const attempt = recorded(attemptOf(command, id, at, outcome, after.id))
    const moved = handover({
      found: device,
      before: was,
      after,
      now: at,
      notice: newId(),
      by: command.user,
      via: command.via,
      claim: id,
      ...(was.window === undefined ? {} : { offer: was.window.id }),
    })
    return {
      ...moved,
      put: [...moved.put, ...attempt.put],
      append: [...moved.append, ...attempt.append],
      ...(before === undefined ? {} : { before }),
    }
  }

  const settle = async (turn: Extract<Turn, { granted: true }>, wrong: boolean) => {
    if (wrong) await turn.wrong()
    else turn.done()
  }

  /** Redeems a window or a box key. A wrong try is counted against the claimer before the answer. */
  const redeemDevice = async (command: RedeemDevice): Promise<Redeemed> => {
    const id = newId() as ClaimId
    const turn = await budget.enter(command)
    if (!turn.granted) {
      const outcome = { ...refused('too-many-attempts', true), retryAfterMs: turn.retryAfterMs }
      const attempt = attemptOf(command, id, now(), outcome, command.device)
      counted('redeem', outcome)
      if (turn.recorded) await store.commit(recorded(attempt))
      return { attempt: id, outcome }
    }
    let answer: Redeemed
    try {
      answer = await transact(store, () => tryRedeem(command, id))
    } catch (cause) {
      turn.done()
      throw cause
    }
    counted('redeem', answer.outcome)
    await settle(turn, isWrongTry(answer.outcome))
    if (answer.outcome.state === 'claimed' && answer.outcome.fresh) wake(command.project)
    return answer
  }

  const mayRelease = ({ by }: ReleaseDevice, device: Device, policy: PolicyInForce) => {
    switch (by.kind) {
      case 'maker':
        return true
      case 'home':
        return device.owner === by.home
      case 'device':
        return policy.possession
    }
  }

  /** Gives a device up: epoch + 1, and nothing of the old owner's reaches it any more. */
  const releaseDevice = async (command: ReleaseDevice): Promise<Released | Refused> => {
    const outcome = await transact<Released | Refused>(store, async () => {
      const { device, policy } = await snapshot(command.project, command.device)
      if (device.value === undefined) return { result: refused('device-unknown') }
      if (!mayRelease(command, device.value, policy)) return { result: refused('not-permitted') }
      const { outcome: released, device: after } = release(device.value, policy)
      if (after === undefined) return { result: released }
      const { by } = command
      return {
        result: released,
        change: handover({
          found: device,
          before: device.value,
          after,
          now: now(),
          notice: newId(),
          by: by.kind === 'device' ? command.device : by.user,
          via: command.via,
        }),
      }
    })
    if (outcome.state === 'released' && outcome.former !== undefined) wake(command.project)
    return counted('release', outcome)
  }

  return { offerWindow, offerBoxKey, redeemDevice, releaseDevice }
}

export type Engine = ReturnType<typeof createEngine>
