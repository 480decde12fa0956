import { happened } from '../delivery/feed.ts'
import type { ClaimId, DeviceId, ProjectId } from '../model/ids.ts'
import type { Claimed, Refused } from '../model/outcomes.ts'
import type { Attempt, ClaimCode } from '../model/records.ts'
import type { Change } from '../store/port.ts'
import { type Found, joined, put, unchanged } from '../store/transact.ts'
import { ATTEMPT_TTL_MS, recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'

/** A code as it was found, and who brings it. `device` is absent where it is of another project. */
export type Presented = {
  readonly project: ProjectId
  readonly found: Found<ClaimCode>
  readonly code: ClaimCode
  readonly device: DeviceId | undefined
  readonly via: string
}

/** A code can be asked for as long as what came of it. */
export const keptCode = (found: Pick<Found<ClaimCode>, 'key'>, code: ClaimCode): Change => ({
  put: [put(found.key, code, code.expiresAt + ATTEMPT_TTL_MS)],
})

/** The attempt of a code's maker; what it says besides depends on what came of it. */
export const attemptOfCode = (
  project: ProjectId,
  { user, home }: ClaimCode,
  rest: Pick<Attempt, 'id' | 'at' | 'state' | 'via'> & Partial<Attempt>,
): Attempt => ({
  project,
  user,
  home,
  asked: 'a claim code',
  half: 'code',
  entitled: true,
  ...rest,
})

/** What is written when a device has brought a code: on the code, as an attempt, and for its maker's apps. */
export const createCodeCommits = ({ now, newId }: EngineContext) => {
  /** The device has taken the code: the claim that waited for it is made. */
  const used = (shown: Presented, { device, epoch }: Claimed): Change => {
    const { project, found, code, via } = shown
    const at = now()
    const { user, claim } = code
    const after: ClaimCode = { ...code, used: { device, epoch, at } }
    const attempt = attemptOfCode(project, code, {
      ...{ id: claim, at, state: 'claimed', device, epoch, via },
    })
    const data = { id: claim, state: 'claimed', device, epoch }
    return joined({ expect: [unchanged(found)] }, keptCode(found, after), recorded(attempt), {
      append: [
        ...happened(project, { at, type: 'code.used', user, data }, newId()),
        ...happened(project, { at, type: 'claim.changed', user, data }, newId()),
      ],
    })
  }

  /** The code stays as it was, but its maker can ask why. The same refusal again is not written again. */
  const refused = (shown: Presented, { reason }: Refused): Change | undefined => {
    const { project, found, code, device, via } = shown
    const { refusal, user } = code
    if (refusal?.reason === reason && refusal.device === device) return undefined
    const at = now()
    const who = device === undefined ? {} : { device }
    const after: ClaimCode = { ...code, refusal: { ...who, reason, at } }
    const attempt = attemptOfCode(project, code, {
      ...{ id: newId() as ClaimId, at, state: 'refused', reason, via },
      ...who,
    })
    const data = { id: code.claim, reason, ...who }
    return joined({ expect: [unchanged(found)] }, keptCode(found, after), recorded(attempt), {
      append: happened(project, { at, type: 'code.refused', user, data }, newId()),
    })
  }

  return { used, refused }
}
