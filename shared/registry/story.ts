import type { ClaimId, DeviceId, ProjectId } from '../model/ids.ts'
import type { Attempt, Change, Device, OfferRefusal } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { linesOf, readOne } from '../store/transact.ts'

const LONGEST = 200

/** A line of a device's story, newest first: an ownership change, a try to claim it that was refused, or what was refused to the device. */
export type StoryLine =
  | (Change & { readonly type: 'claimed' | 'released' })
  | (OfferRefusal & { readonly type: 'offer-refused' })
  | {
      readonly at: number
      readonly type: 'refused'
      readonly claim: ClaimId
      readonly reason: Attempt['reason']
      readonly via: string
    }

/** Attempts at a device, newest first. */
export const attemptsAt = async (
  store: Store,
  project: ProjectId,
  device: DeviceId,
): Promise<Attempt[]> => {
  return linesOf<Attempt>(
    'a line of the attempts',
    await store.last(keys.attempts(project, device), LONGEST),
  )
}

/** An attempt by its id. */
export const attemptOf = async (
  store: Store,
  project: ProjectId,
  id: ClaimId,
): Promise<Attempt | undefined> => (await readOne<Attempt>(store, keys.attempt(project, id))).value

/** What happened to a device since a time, newest first. */
export const historyOf = async (
  store: Store,
  { project, id }: Device,
  since: number,
): Promise<StoryLine[]> => {
  const [changes, attempts, refusals] = await Promise.all([
    store.last(keys.history(project, id), LONGEST),
    attemptsAt(store, project, id),
    store.last(keys.refusals(project, id), LONGEST),
  ])
  const lines: StoryLine[] = linesOf<StoryLine & Change>('a line of the history', changes)
  for (const { id: claim, at, state, reason, via } of attempts)
    if (state === 'refused') lines.push({ at, type: 'refused', claim, reason, via })
  for (const refusal of linesOf<OfferRefusal>('a refusal', refusals))
    lines.push({ ...refusal, type: 'offer-refused' })
  return lines.filter(({ at }) => at >= since).sort((a, b) => b.at - a.at)
}
