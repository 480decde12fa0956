import type { WindowRule } from '../../shared/claim/rules.ts'
import type { Claimed, Opened, Refused, Released, Waiting } from '../../shared/model/outcomes.ts'

/** A window as a native device opens it. Limits of CONTRACT 6 "MQTT". */
export const NATIVE_WINDOW: WindowRule = {
  defaultMs: 300_000,
  secretOptional: false,
  outside: 'refuse',
}

/** An outcome as `claim/result` tells it. */
export const resultBody = (outcome: Opened | Waiting | Claimed | Released | Refused) => {
  switch (outcome.state) {
    case 'open':
    case 'waiting':
      return {
        id: outcome.offer,
        state: outcome.state,
        expiresAt: new Date(outcome.expiresAt).toISOString(),
      }
    case 'claimed':
      return { id: outcome.offer ?? outcome.claim, state: outcome.state, epoch: outcome.epoch }
    case 'released':
      return { state: outcome.state, epoch: outcome.epoch }
    case 'refused':
      return { state: outcome.state, reason: outcome.reason }
  }
}
