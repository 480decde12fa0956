import { keys } from '../store/keys.ts'
import type { LogItem } from '../store/port.ts'
import { acting } from './actor.ts'
import type { AuditEvent } from './records.ts'

/** Events of a project that wait for their place in the chain, at most; and for how long after the newest of them, ms. */
export const UNSEALED_KEEP = 20_000
const UNSEALED_TTL_MS = 7 * 86_400_000

/** The part of a change that writes down what it does, and who asked for it: one line, in the same commit. */
export const audited = (event: AuditEvent): LogItem => {
  const { by, from } = acting()
  const whole = {
    ...(by === undefined ? {} : { by }),
    ...(from === undefined ? {} : { from }),
    ...event,
  }
  return {
    log: keys.audit(event.project),
    item: JSON.stringify(whole),
    keep: UNSEALED_KEEP,
    ttlMs: UNSEALED_TTL_MS,
  }
}
