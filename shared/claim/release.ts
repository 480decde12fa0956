import type { DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import { type Refused, type Released, refused } from '../model/outcomes.ts'
import type { PolicyInForce } from '../model/policy.ts'
import type { Device } from '../model/records.ts'
import { transact } from '../store/transact.ts'
import type { EngineContext } from './context.ts'
import { handover } from './handover.ts'
import type { Refusals } from './refusals.ts'
import { release } from './rules.ts'

/** Who gives the device up. A home may only release what it owns. */
export type ReleaseDevice = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly by:
    | { readonly kind: 'home'; readonly home: HomeId; readonly user: UserId }
    | { readonly kind: 'maker'; readonly user: UserId }
    | { readonly kind: 'device' }
  readonly via: string
}

const mayRelease = ({ by }: ReleaseDevice, device: Device, policy: PolicyInForce): boolean => {
  switch (by.kind) {
    case 'maker':
      return true
    case 'home':
      return device.owner === by.home
    case 'device':
      return policy.possession
  }
}

/** The verb *release*. */
export const createReleases = (
  { store, snapshot, leftHome, counted, now, newId }: EngineContext,
  { noted }: Pick<Refusals, 'noted'>,
) => {
  /** Gives a device up: epoch + 1, and nothing of the old owner's reaches it any more. */
  const releaseDevice = async (command: ReleaseDevice): Promise<Released | Refused> => {
    const outcome = await transact<Released | Refused>(store, async () => {
      const { device, policy } = await snapshot(command.project, command.device)
      if (device.value === undefined) return { result: refused('device-unknown') }
      if (!mayRelease(command, device.value, policy)) return { result: refused('not-permitted') }
      const { outcome: released, device: after } = release(device.value, policy)
      if (after === undefined) return { result: released }
      const { by } = command
      return {
        result: released,
        change: {
          ...handover({
            found: device,
            before: device.value,
            after,
            now: now(),
            notice: newId(),
            by: by.kind === 'device' ? command.device : by.user,
            via: command.via,
          }),
          whenFull: true,
        },
      }
    })
    if (outcome.state === 'released' && outcome.former !== undefined)
      leftHome(command.project, command.device, outcome.former)
    const { project, device, via } = command
    const told = counted('release', outcome)
    return command.by.kind === 'device'
      ? noted({ project, device, via, what: 'release' }, told)
      : told
  }

  return { releaseDevice }
}
