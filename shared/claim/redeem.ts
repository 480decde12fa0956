import type { Turn } from '../guard/budget.ts'
import { printedDigest } from '../guard/digests.ts'
import {
  type ClaimId,
  type DeviceId,
  type HomeId,
  NOBODY,
  type ProjectId,
  type UserId,
} from '../model/ids.ts'
import { type Claimed, type Refused, refused } from '../model/outcomes.ts'
import type { PolicyInForce } from '../model/policy.ts'
import type { Attempt, Device } from '../model/records.ts'
import { type Found, joined, type Step, transact } from '../store/transact.ts'
import { recorded } from './attempts.ts'
import { redeemById } from './by-id-rules.ts'
import { redeemPrinted } from './claim-mode-rules.ts'
import type { EngineContext } from './context.ts'
import { handover } from './handover.ts'
import { type Redeem, redeem, redeemByCredential } from './rules.ts'

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
  /** The claimer has shown the device's own credential (thethings.io's thingToken); `secret` does not count then. */
  readonly hasCredential?: true
  /** The secret is the code that is printed on the device (MODE's claim code). */
  readonly isPrinted?: true
  /** The claimer knows no more than the device's id; whether it is connected now (Particle). */
  readonly byId?: { readonly isConnected: boolean }
  readonly via: string
}

/** What became of a redeem, and the id under which the attempt can be asked for. */
export type Redeemed = { readonly attempt: ClaimId; readonly outcome: Claimed | Refused }

/** `former`: whom the device was taken from. */
type Decided = Redeemed & { readonly former?: HomeId }

const offerOf = ({ window, claimMode }: Device) => {
  const half = window ?? claimMode
  return half === undefined ? {} : { offer: half.id }
}

/** The verb *redeem*, for windows, box keys and what is printed on a device. */
export const createRedeems = (context: EngineContext) => {
  const { store, budget, digests, digestOf, sight, wake, leftHome, counted } = context
  const { metrics, now, newId } = context

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

  /** The rule that the claimer's kind of proof is judged by. */
  const decisionOf = (
    command: RedeemDevice,
    device: Device,
    policy: PolicyInForce,
    proof: Redeem,
  ) => {
    if (command.isPrinted) return redeemPrinted(device, policy, proof, now())
    if (command.byId !== undefined)
      return redeemById(device, policy, command.byId.isConnected, proof, now())
    return command.hasCredential
      ? redeemByCredential(device, proof, now())
      : redeem(device, proof, now())
  }

  const tryRedeem = async (command: RedeemDevice, id: ClaimId): Promise<Step<Decided>> => {
    const { project, user, home } = command
    // The same work for a device that is not there: research/security.md S66.
    const target = command.device ?? NOBODY
    const { device, policy, standing } = await sight(project, target, user, home)
    const secret = command.isPrinted
      ? printedDigest(digests, project, command.secret ?? '')
      : digestOf(target, command.secret)
    if (device.value === undefined)
      return refusedStep(command, id, refused('device-unknown'), undefined)
    if (!command.permitted)
      return refusedStep(command, id, refused('not-permitted', true), device.value.id)
    if (standing.refusal !== undefined)
      return refusedStep(command, id, standing.refusal, device.value.id)
    const at = now()
    const proof = { claim: id, user, home, secret }
    const { outcome, device: after, before } = decisionOf(command, device.value, policy, proof)
    if (outcome.state === 'refused') return refusedStep(command, id, outcome, device.value.id)
    if (after === undefined) return { result: { attempt: outcome.claim, outcome } }
    const change = claimedChange(command, id, at, device, device.value, after, outcome, before)
    const { owner: former } = device.value
    return {
      result: { attempt: id, outcome, ...(former === undefined ? {} : { former }) },
      change: joined(change, { expect: standing.expect }),
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
      ...offerOf(was),
    })
    return {
      ...moved,
      put: [...moved.put, ...attempt.put],
      append: [...moved.append, ...attempt.append],
      ...(before === undefined ? {} : { before }),
    }
  }

  const settle = async (turn: Extract<Turn, { granted: true }>, outcome: Claimed | Refused) => {
    if (outcome.state === 'claimed') turn.done()
    else if (outcome.entitled) await turn.spared()
    // A refusal that tells the claimer nothing he had not shown to know is a wrong try.
    else await turn.wrong()
  }

  /** Redeems a window or a box key. A wrong try is counted against the claimer before the answer. */
  const redeemDevice = async (command: RedeemDevice): Promise<Redeemed> => {
    const id = newId() as ClaimId
    const isByCode = command.isPrinted ?? command.hasCredential ?? false
    const turn = await budget.enter({ ...command, isByCode })
    if (!turn.granted) {
      metrics.limited(turn.rule)
      const outcome = { ...refused('too-many-attempts', true), retryAfterMs: turn.retryAfterMs }
      const attempt = attemptOf(command, id, now(), outcome, command.device)
      counted('redeem', outcome)
      if (turn.recorded) await store.commit(recorded(attempt))
      return { attempt: id, outcome }
    }
    let answer: Decided
    try {
      answer = await transact(store, () => tryRedeem(command, id))
    } catch (cause) {
      turn.done()
      throw cause
    }
    counted('redeem', answer.outcome)
    await settle(turn, answer.outcome)
    const { outcome, attempt, former } = answer
    if (outcome.state === 'claimed' && outcome.fresh) {
      if (former === undefined) wake(command.project)
      else leftHome(command.project, outcome.device, former)
    }
    return { attempt, outcome }
  }

  return { redeemDevice }
}
