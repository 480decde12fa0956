import { audited } from '../audit/line.ts'
import type { AuditType } from '../audit/records.ts'
import { droppedFor } from '../delivery/queue.ts'
import type { ClaimId, DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type Claimed, type Refused, refused } from '../model/outcomes.ts'
import type { Device, Transfer } from '../model/records.ts'
import { keyValuesLeft } from '../registry/key-value.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import {
  type Found,
  found,
  joined,
  put,
  readMany,
  readOne,
  type Step,
  transact,
  unchanged,
} from '../store/transact.ts'
import { ATTEMPT_TTL_MS, recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'
import { doorOf } from './door.ts'
import { handover } from './handover.ts'
import { createOpenHalves, type OpenHalf } from './open-halves.ts'
import { ownedBy } from './owning.ts'
import { claimedBy } from './rules.ts'
import { standingOf } from './standing.ts'

/** How long an owner has to answer. */
export const TRANSFER_TTL_MS = 7 * 86_400_000
/** Transfers that one account waits for. */
export const MOST_TRANSFERS = 20

/** An account asks for a device that another home owns. */
export type AskForTransfer = {
  readonly project: ProjectId
  readonly user: UserId
  readonly home: HomeId
  readonly device: DeviceId
}

/** Who answers: a member of the owning home, or whoever has the token of the mail that `beside` uses up. */
export type AnswerTransfer = {
  readonly project: ProjectId
  readonly transfer: string
  readonly isApproved: boolean
  readonly by:
    | { readonly kind: 'member'; readonly user: UserId }
    | { readonly kind: 'mail'; readonly user: UserId; readonly used: Change }
  /** What else belongs to the commit: the mail to who asked. */
  readonly beside: Change
  readonly via: string
}

export type Asked = {
  readonly state: 'asked'
  readonly transfer: Transfer
  readonly isNew: boolean
}
export type Answered = Claimed | { readonly state: 'denied'; readonly transfer: string }

/** Whether it can still be answered. */
export const isOpen = ({ answer, epoch, from, expiresAt }: Transfer, device: Device, now: number) =>
  answer === undefined && now < expiresAt && device.epoch === epoch && device.owner === from

/** What has become of it: `over`, when the device has changed hands before it was answered. */
export const stateOf = (transfer: Transfer, device: Device | undefined, now: number) => {
  if (transfer.answer !== undefined) return transfer.answer.isApproved ? 'approved' : 'denied'
  if (now >= transfer.expiresAt) return 'expired'
  return device !== undefined && isOpen(transfer, device, now) ? 'open' : 'over'
}

/** A device asked of its owner, who gives it or does not: nothing changes hands before (research/particle.md 1.3, 2.1). */
export const createTransfers = (context: EngineContext) => {
  const { store, wake, counted, now, newId } = context
  const openHalves = createOpenHalves(context)

  const kept = (transfer: Transfer, project: ProjectId): Change => ({
    put: [put(keys.transfer(project, transfer.id), transfer, transfer.expiresAt + ATTEMPT_TTL_MS)],
  })

  const told = (project: ProjectId, type: AuditType, transfer: Transfer, user: UserId): Change => {
    const { id: what, device, home, epoch } = transfer
    return { append: [audited({ at: now(), project, type, user, device, home, epoch, what })] }
  }

  const look = async (project: ProjectId, id: string): Promise<Transfer | undefined> =>
    (await readOne<Transfer>(store, keys.transfer(project, id))).value

  const readAll = async (project: ProjectId, halves: readonly OpenHalf[]): Promise<Transfer[]> => {
    const wanted = halves.map(({ digest }) => keys.transfer(project, digest))
    const records = await readMany<Transfer>(store, wanted)
    return records.flatMap(({ value }) => (value === undefined ? [] : [value]))
  }

  /** The one that the account has asked for already and still waits for. */
  const pending = async ({ project, user }: AskForTransfer, device: Device) => {
    const halves = await readOne<readonly OpenHalf[]>(store, keys.transfersOf(project, user))
    const all = await readAll(project, halves.value ?? [])
    return all.find((one) => one.device === device.id && isOpen(one, device, now()))
  }

  const whyNot = ({ home }: AskForTransfer, device: Device | undefined): Refused | undefined => {
    if (device?.owner === undefined) return refused('device-unknown')
    if (device.owner === home) return refused('already-yours', true)
    return device.claimingAllowed === false ? refused('claiming-not-allowed', true) : undefined
  }

  const asking = async (
    command: AskForTransfer,
    transfer: Transfer,
    beside: Change,
  ): Promise<Step<Asked | Refused>> => {
    const { project, user, home } = command
    const device = await readOne<Device>(store, keys.device(project, transfer.device))
    if (device.value === undefined || !isOpen(transfer, device.value, now()))
      return { result: refused('epoch-changed', true) }
    const { refusal, expect } = await standingOf(store, project, user, home)
    if (refusal !== undefined) return { result: refusal }
    const room = await openHalves.room({
      key: keys.transfersOf(project, user),
      half: { digest: transfer.id, expiresAt: transfer.expiresAt },
      most: MOST_TRANSFERS,
      stillOpen: async (halves) => {
        const open = (await readAll(project, halves)).filter(({ answer }) => answer === undefined)
        return halves.filter(({ digest }) => open.some(({ id }) => id === digest))
      },
    })
    if ('state' in room) return { result: room }
    return {
      result: { state: 'asked', transfer, isNew: true },
      change: joined(
        { expect },
        kept(transfer, project),
        room,
        beside,
        told(project, 'transfer.asked', transfer, user),
      ),
    }
  }

  /** Asks, once: the same again is the same transfer. `letters` are asked for once, and are part of the commit. */
  const askForTransfer = async (
    command: AskForTransfer,
    letters: (transfer: Transfer) => Promise<Change | Refused>,
  ): Promise<Asked | Refused> => {
    const { project, user, home } = command
    const device = (await readOne<Device>(store, keys.device(project, command.device))).value
    const refusal = whyNot(command, device)
    if (refusal !== undefined || device?.owner === undefined)
      return counted('offer', refusal ?? refused('device-unknown'))
    const present = await pending(command, device)
    if (present !== undefined) return { state: 'asked', transfer: present, isNew: false }
    const at = now()
    const { id, epoch, owner: from } = device
    const transfer: Transfer = {
      ...{ id: newId(), device: id, epoch, from, user, home, claim: newId() as ClaimId },
      ...{ createdAt: at, expiresAt: at + TRANSFER_TTL_MS },
    }
    const beside = await letters(transfer)
    if ('state' in beside) return counted('offer', beside)
    return counted('offer', await transact(store, () => asking(command, transfer, beside)))
  }

  const given = async (
    { project, via }: AnswerTransfer,
    transfer: Transfer,
    device: Found<Device>,
    before: Device,
  ) => {
    const { claim, user, home, from: former } = transfer
    const at = now()
    const after = ownedBy(before, { claim, user, home, proof: 'transfer' }, at)
    const attempt = recorded({
      ...{ id: claim, project, user, home, device: before.id, asked: 'a transfer', at },
      ...{ state: 'claimed', epoch: after.epoch, entitled: true, via },
    })
    const moved = handover({
      ...{ found: device, before, after, now: at, notice: newId(), by: user, via, claim },
    })
    const dropped = await droppedFor(context, { project, device: before.id, former, after })
    const left = await keyValuesLeft(context, project, after)
    const change = joined(moved, attempt, dropped ?? {}, left ?? {})
    return { outcome: claimedBy(after, claim, home, true), change }
  }

  /** Whether somebody may answer, and what the commit has to expect for that. */
  const standing = async ({ project, by }: AnswerTransfer, { from }: Transfer) => {
    const door = await doorOf(store, project, from, by.user)
    const change = by.kind === 'mail' ? by.used : {}
    return { may: door.membership !== undefined, change: joined({ expect: door.expect }, change) }
  }

  const answering = async (command: AnswerTransfer): Promise<Step<Answered | Refused>> => {
    const { project, isApproved, by, beside } = command
    const record = await readOne<Transfer>(store, keys.transfer(project, command.transfer))
    const transfer = record.value
    if (transfer === undefined) return { result: refused('not-permitted') }
    const key = keys.device(project, transfer.device)
    const device = found<Device>(key, (await store.read([key]))[0])
    const { may, change } = await standing(command, transfer)
    if (!may) return { result: refused('not-permitted') }
    if (device.value === undefined || !isOpen(transfer, device.value, now()))
      return { result: refused('epoch-changed', true) }
    const answer = { isApproved, by: by.user, at: now() }
    const type = isApproved ? 'transfer.approved' : 'transfer.denied'
    const settled = joined(
      change,
      beside,
      kept({ ...transfer, answer }, project),
      told(project, type, transfer, by.user),
      { expect: [unchanged(record)] },
    )
    if (!isApproved) return { result: { state: 'denied', transfer: transfer.id }, change: settled }
    const asker = await standingOf(store, project, transfer.user, transfer.home)
    if (asker.refusal !== undefined) return { result: asker.refusal }
    const { outcome, change: moved } = await given(command, transfer, device, device.value)
    return { result: outcome, change: joined(moved, settled, { expect: asker.expect }) }
  }

  /** The owner's answer. Approved: the device changes hands, in the same commit. */
  const answerTransfer = async (command: AnswerTransfer): Promise<Answered | Refused> => {
    const answer = await transact(store, () => answering(command))
    if (answer.state === 'claimed') wake(command.project)
    return answer.state === 'denied' ? answer : counted('redeem', answer)
  }

  return { askForTransfer, answerTransfer, lookAtTransfer: look }
}
