import type { ClaimId, DeviceId, OfferId, UserId } from '../model/ids.ts'
import type { Device, Change as HistoryLine, Notice } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { type Found, put, unchanged } from '../store/transact.ts'

const HISTORY_KEEP = 1000
/** How many notices a project's outbox keeps. */
export const NOTICES_KEEP = 20_000
/** How long a notice waits for those who have not heard it. */
export const NOTICE_TTL_MS = 86_400_000

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

/**
 * Ownership, its index, its line in the device's history and the notice of it: one change, so that none
 * can be without the others.
 */
export const handover = (
  step: Handover,
): Required<Pick<Change, 'expect' | 'put' | 'add' | 'drop' | 'append'>> => {
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
    append: [
      { log: keys.history(project, device), item: JSON.stringify(line), keep: HISTORY_KEEP },
      {
        log: keys.notices(project),
        item: JSON.stringify(notice),
        keep: NOTICES_KEEP,
        ttlMs: NOTICE_TTL_MS,
      },
    ],
  }
}
