import { happened } from '../delivery/feed.ts'
import { noticeLine } from '../delivery/notices.ts'
import type { ClaimId, DeviceId, ProjectId } from '../model/ids.ts'
import { type Claimed, type Refused, refused } from '../model/outcomes.ts'
import { policyInForce } from '../model/policy.ts'
import type { Attempt, Device, Link, Notice, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { type Found, found, joined, put, readOne, type Step, unchanged } from '../store/transact.ts'
import { recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'
import { handover } from './handover.ts'
import type { Half, Meeting } from './link-rules.ts'
import { ownedBy } from './owning.ts'
import { claimedBy } from './rules.ts'
import { standingOf } from './standing.ts'

/** What is to be seen of a link before a half is brought. */
export type Sight = {
  readonly link: Found<Link>
  readonly ttlMs: number
  readonly openLinks: number
  readonly device: Found<Device> | undefined
  readonly isOver: boolean
}

/** What comes of a meeting of halves, as changes to the store. */
export const createMeetings = ({ store, now, newId }: EngineContext) => {
  const look = async (project: ProjectId, digest: string, half: Half): Promise<Sight> => {
    const wanted = [keys.link(project, digest), keys.project(project)] as const
    const [linkEntry, projectEntry] = await store.read(wanted)
    const link = found<Link>(wanted[0], linkEntry)
    const policy = policyInForce(found<Project>(wanted[1], projectEntry).value?.policy ?? {})
    const deviceOf = async (id: DeviceId | undefined) =>
      id === undefined ? undefined : readOne<Device>(store, keys.device(project, id))
    const device = await deviceOf(half.side === 'device' ? half.device : link.value?.device)
    const linked = link.value?.state === 'linked' ? link.value : undefined
    const given = linked?.device === device?.value?.id ? device : await deviceOf(linked?.device)
    const isOver = linked !== undefined && given?.value?.epoch !== linked.epoch
    return { link, ttlMs: policy.linkTtlMs, openLinks: policy.openLinksPerAccount, device, isOver }
  }

  /** An account's claim as it is from now on. */
  const settled = async (
    project: ProjectId,
    claim: ClaimId,
    after: Partial<Attempt>,
  ): Promise<Pick<Change, 'put' | 'append'>> => {
    const present = await readOne<Attempt>(store, keys.attempt(project, claim))
    if (present.value === undefined) return {}
    const { expiresAt: _expiresAt, ...rest } = present.value
    const attempt = { ...rest, ...after }
    const { state, reason, device, epoch, user } = attempt
    const data = {
      id: claim,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(device === undefined ? {} : { device }),
      ...(epoch === undefined ? {} : { epoch }),
    }
    const record = recorded(attempt)
    return {
      ...record,
      append: [
        ...record.append,
        ...happened(project, { at: now(), type: 'claim.changed', user, data }, newId()),
      ],
    }
  }

  const kept = (sight: Sight, link: Link): Change => ({
    expect: [unchanged(sight.link)],
    put: [put(sight.link.key, link, link.expiresAt)],
  })

  /** A device whose half came to nothing has to hear of it. */
  const toldDevice = (project: ProjectId, device: Device, link: Link): Change => {
    const notice: Notice = {
      id: newId(),
      device: device.id,
      epoch: device.epoch,
      offer: link.id,
      refused: 'link-contested',
      at: now(),
    }
    return { append: [noticeLine(project, notice)] }
  }

  const contested = async (
    project: ProjectId,
    sight: Sight,
    { link, isNew }: Extract<Meeting, { kind: 'contested' }>,
  ): Promise<Change> => {
    if (!isNew) return {}
    const { account, device: waiting } = link
    const claim: Change =
      account === undefined
        ? {}
        : await settled(project, account.claim, {
            state: 'refused',
            reason: 'link-contested',
            entitled: true,
          })
    const device =
      waiting === undefined
        ? undefined
        : (await readOne<Device>(store, keys.device(project, waiting))).value
    return joined(
      kept(sight, link),
      claim,
      device === undefined ? {} : toldDevice(project, device, link),
    )
  }

  /** Both halves are there: the device changes hands, if it may. */
  const link = async (
    project: ProjectId,
    sight: Sight,
    { link: present, account, device: id }: Extract<Meeting, { kind: 'met' }>,
    attempt: Attempt | undefined,
    via: string,
  ): Promise<Step<Claimed | Refused>> => {
    const device = sight.device?.value
    if (sight.device === undefined || device === undefined)
      return { result: refused('device-unknown', true) }
    const standing = await standingOf(store, project, account.user, account.home)
    if (standing.refusal !== undefined) return { result: standing.refusal }
    if (device.owner !== undefined && device.owner !== account.home)
      return { result: refused('owned-by-another', true) }
    if (device.claimingAllowed === false) return { result: refused('claiming-not-allowed', true) }
    const at = now()
    const isHis = device.owner === account.home
    const { user, home, claim } = account
    const after = isHis ? device : ownedBy(device, { claim, user, home, proof: 'link' }, at)
    const done: Partial<Attempt> = {
      state: 'claimed',
      device: id,
      epoch: after.epoch,
      entitled: true,
    }
    const claimRecord =
      attempt === undefined
        ? await settled(project, claim, done)
        : recorded({ ...attempt, ...done })
    const linked: Link = { ...present, state: 'linked', epoch: after.epoch }
    const moved: Change = isHis
      ? { expect: [unchanged(sight.device)] }
      : handover({
          found: sight.device,
          before: device,
          after,
          now: at,
          notice: newId(),
          by: user,
          via,
          claim,
          offer: present.id,
        })
    return {
      result: { ...claimedBy(after, claim, home, !isHis), offer: present.id },
      change: joined({ expect: standing.expect }, kept(sight, linked), moved, claimRecord),
    }
  }

  return { look, contested, kept, link }
}
