import { audited } from '../audit/line.ts'
import type { ClaimId, DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { Reason } from '../model/reasons.ts'
import type { Attempt, OfferRefusal } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { lineOf } from '../store/transact.ts'
import { ATTEMPT_TTL_MS, recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'

/** What a device brought in vain: its half, or a message. */
export type RefusedOffer = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly what: OfferRefusal['what']
  readonly reason: Reason
  readonly via: string
}

/** A claim that is refused before any device is looked at, for a reason that its account may know. */
export type RefusedClaim = {
  readonly project: ProjectId
  readonly user: UserId
  readonly home: HomeId
  readonly reason: Reason
  readonly via: string
}

/** The newest refusals of a device. In a log of their own, so that a device in trouble does not push out who tried to claim it. */
const KEEP = 100
/** The same again within this time is not written down again: a device that repeats itself costs a read. */
const QUIET_MS = 60_000

/** What came of halves that were no attempt of an account: remembered, so that somebody can be told why. */
export const createRefusals = ({ store, now, newId, counted }: EngineContext) => {
  const newest = async ({ project, device }: RefusedOffer): Promise<OfferRefusal | undefined> => {
    const [line] = await store.last(keys.refusals(project, device), 1)
    return line === undefined ? undefined : lineOf<OfferRefusal>('a refusal', line)
  }

  /** Writes down, for the story of a device, that something was refused to it. */
  const noteRefusal = async (offer: RefusedOffer): Promise<void> => {
    const { project, device, what, reason, via } = offer
    const at = now()
    const last = await newest(offer)
    if (last?.what === what && last.reason === reason && at < last.at + QUIET_MS) return
    const line: OfferRefusal = { at, what, reason, via }
    await store.commit({
      append: [
        {
          log: keys.refusals(project, device),
          item: JSON.stringify(line),
          keep: KEEP,
          ttlMs: ATTEMPT_TTL_MS,
        },
        audited({ at, project, type: 'offer.refused', device, reason, via, what }),
      ],
    })
  }

  /** What came of a step, after it is written down if nothing came of it. */
  const noted = async <T extends { readonly state: string }>(
    offer: Omit<RefusedOffer, 'reason'>,
    outcome: T | Refused,
    isNews: (reason: Reason) => boolean = () => true,
  ): Promise<T | Refused> => {
    if (outcome.state === 'refused' && isNews((outcome as Refused).reason))
      await noteRefusal({ ...offer, reason: (outcome as Refused).reason })
    return outcome
  }

  /** Refuses a claim, which can be asked about like any other. */
  const refuseClaim = async ({ reason, ...claim }: RefusedClaim) => {
    const id = newId() as ClaimId
    const attempt: Attempt = {
      ...{ ...claim, id, asked: 'a claim', at: now(), state: 'refused' },
      ...{ reason, entitled: true },
    }
    const outcome = counted('redeem', refused(reason, true))
    await store.commit(recorded(attempt))
    return { attempt: id, outcome }
  }

  return { noteRefusal, noted, refuseClaim }
}

export type Refusals = ReturnType<typeof createRefusals>
