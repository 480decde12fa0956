import { audited } from '../audit/line.ts'
import { happened } from '../delivery/feed.ts'
import { noticeLine } from '../delivery/notices.ts'
import type { ClaimId, DeviceId, HomeId, OfferId, UserId } from '../model/ids.ts'
import type { Device, Change as HistoryLine, Notice } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, LogItem } from '../store/port.ts'
import { type Found, put, unchanged } from '../store/transact.ts'

const HISTORY_KEEP = 1000

type Handover = {
  readonly found: Found<Device>
  readonly before: Device
  readonly after: Device
  readonly now: number
  readonly notice: string
  readonly by: UserId | DeviceId
  readonly via: string
  readonly claim?: ClaimId
  readonly offer?: OfferId
}

/** What the apps of the former home and of the new one are told, each its own part. */
const newsOf = ({ before, after, now, notice, claim, via }: Omit<Handover, 'found'>): LogItem[] => {
  const { project, id: device } = after
  const lost =
    before.owner === undefined || before.owner === after.owner
      ? []
      : happened(
          project,
          {
            at: now,
            type: 'device.released',
            device,
            epoch: before.epoch,
            home: before.owner,
            data: { name: before.name, epoch: after.epoch, via },
          },
          claim ?? notice,
        )
  if (after.owner === undefined) return lost
  const data = { name: after.name, ...(claim === undefined ? {} : { claim }), via }
  const gained = {
    at: now,
    type: 'device.claimed',
    device,
    epoch: after.epoch,
    home: after.owner,
    data,
  } as const
  return [...lost, ...happened(project, gained, notice)]
}

/** A device given up, for the audit. That it was claimed is told with the claim. */
const given = ({ after, now, by, via }: Omit<Handover, 'found'>, home: HomeId): LogItem => {
  const { project, id: device, epoch } = after
  const kind = by === device ? 'device' : 'user'
  return audited({
    ...{ at: now, project, type: 'release', by: { kind, id: by }, device, home, epoch, via },
  })
}

/** What is told of a change of hands: its line in the device's history, the notice of it, and what apps hear. */
export const told = (step: Omit<Handover, 'found'>): LogItem[] => {
  const { before, after, now } = step
  const { project, id: device, epoch } = after
  const home = after.owner ?? before.owner
  if (home === undefined) throw new RangeError('a handover needs an owner before or after')
  const line: HistoryLine = {
    at: now,
    type: after.owner === undefined ? 'released' : 'claimed',
    epoch,
    home,
    ...(step.claim === undefined ? {} : { claim: step.claim }),
    by: step.by,
    via: step.via,
  }
  const notice: Notice = {
    id: step.notice,
    device,
    epoch,
    ...(after.owner === undefined ? {} : { owner: after.owner }),
    ...(before.owner === undefined ? {} : { former: before.owner }),
    ...(step.offer === undefined ? {} : { offer: step.offer }),
    at: now,
  }
  return [
    { log: keys.history(project, device), item: JSON.stringify(line), keep: HISTORY_KEEP },
    noticeLine(project, notice),
    ...newsOf(step),
    ...(after.owner === undefined ? [given(step, home)] : []),
  ]
}

/** Ownership, its index, and what is told of it: one change, so that none can be without the others. */
export const handover = (
  step: Handover,
): Required<Pick<Change, 'expect' | 'put' | 'add' | 'drop' | 'append'>> => {
  const { before, after } = step
  const { project, id: device } = after
  return {
    expect: [unchanged(step.found)],
    put: [put(step.found.key, after)],
    add:
      after.owner === undefined
        ? []
        : [{ index: keys.homeDevices(project, after.owner), member: device }],
    drop:
      before.owner === undefined
        ? []
        : [{ index: keys.homeDevices(project, before.owner), member: device }],
    append: told(step),
  }
}
