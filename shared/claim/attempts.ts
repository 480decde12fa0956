import type { Attempt } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, LogItem } from '../store/port.ts'
import { put } from '../store/transact.ts'

/** How long an attempt can be asked for. */
export const ATTEMPT_TTL_MS = 7 * 86_400_000
const ATTEMPTS_PER_DEVICE = 200

/** The part of a change that records an attempt: by its id, and in the story of its device. */
export const recorded = (attempt: Attempt): Required<Pick<Change, 'put' | 'append'>> => {
  const { project, device } = attempt
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
    append: line,
  }
}
