import { audited } from '../audit/line.ts'
import { NOBODY } from '../model/ids.ts'
import type { Attempt } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, LogItem } from '../store/port.ts'
import { put } from '../store/transact.ts'

/** How long an attempt can be asked for. */
export const ATTEMPT_TTL_MS = 7 * 86_400_000
const ATTEMPTS_PER_DEVICE = 200

/** What came of an attempt, for the audit; one that waits has come to nothing yet. */
const toldOf = ({ state, id: claim, project, user, device, home, ...rest }: Attempt): LogItem[] => {
  if (state === 'waiting') return []
  const { at, via, reason, epoch } = rest
  return [
    audited({
      ...{
        at,
        project,
        type: state === 'claimed' ? 'claim.ok' : 'claim.refused',
        user,
        claim,
        via,
      },
      ...(home === undefined ? {} : { home }),
      ...(device === undefined ? {} : { device }),
      ...(reason === undefined ? {} : { reason }),
      ...(epoch === undefined ? {} : { epoch }),
    }),
  ]
}

/** The part of a change that records an attempt: by its id, in the story of its device, in the audit. */
export const recorded = (attempt: Attempt): Required<Pick<Change, 'put' | 'append'>> => {
  const { project, state } = attempt
  // The same work for a device that is not there: research/security.md S66. Nobody reads of nobody.
  const device = attempt.device ?? (state === 'refused' ? NOBODY : undefined)
  const line: LogItem[] =
    device === undefined
      ? []
      : [
          {
            log: keys.attempts(project, device),
            item: JSON.stringify(attempt),
            keep: ATTEMPTS_PER_DEVICE,
            ttlMs: ATTEMPT_TTL_MS,
          },
        ]
  return {
    put: [put(keys.attempt(project, attempt.id), attempt, attempt.at + ATTEMPT_TTL_MS)],
    append: [...line, ...toldOf(attempt)],
  }
}
