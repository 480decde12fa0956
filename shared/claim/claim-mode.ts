import type { DeviceId, OfferId, ProjectId } from '../model/ids.ts'
import { type Opened, type Refused, refused } from '../model/outcomes.ts'
import { put, transact, unchanged } from '../store/transact.ts'
import { enterClaimMode, leaveClaimMode } from './claim-mode-rules.ts'
import type { EngineContext } from './context.ts'
import { windowOpened } from './offer.ts'
import type { Refusals } from './refusals.ts'

/** A device lets itself be claimed by the code that is printed on it, or no longer. */
export type SetClaimMode = {
  readonly project: ProjectId
  readonly device: DeviceId
  /** `off`: not any more. `durationMs` absent: as long as the policy says. */
  readonly mode: { readonly kind: 'on'; readonly durationMs?: number } | { readonly kind: 'off' }
  readonly via: string
}

/** The device is in claim mode no longer. */
export type Closed = { readonly state: 'closed' }

/** The verb *offer*, for claim mode. The newest replaces the older. */
export const createClaimModes = (
  { store, snapshot, counted, now, newId }: EngineContext,
  { noted }: Pick<Refusals, 'noted'>,
) => {
  const setClaimMode = async (command: SetClaimMode): Promise<Opened | Closed | Refused> => {
    const { project, device: id, mode, via } = command
    const outcome = await transact<Opened | Closed | Refused>(store, async () => {
      const { device, policy } = await snapshot(project, id)
      if (device.value === undefined) return { result: refused('device-unknown', true) }
      const expect = [unchanged(device)]
      if (mode.kind === 'off') {
        const change = { expect, put: [put(device.key, leaveClaimMode(device.value))] }
        return { result: { state: 'closed' }, change }
      }
      const offer = { id: newId() as OfferId, durationMs: mode.durationMs, via }
      const decided = enterClaimMode(device.value, policy, offer, now())
      if (decided.device === undefined) return { result: decided.outcome }
      return {
        result: decided.outcome,
        change: {
          expect,
          put: [put(device.key, decided.device)],
          append: [windowOpened(command, now())],
        },
      }
    })
    return noted({ project, device: id, via, what: 'claim-mode' }, counted('offer', outcome))
  }

  return { setClaimMode }
}
