import { handover } from '../claim/handover.ts'
import { release } from '../claim/rules.ts'
import { FEED_CHANNEL } from '../delivery/feed.ts'
import { NOTICES_CHANNEL } from '../delivery/notices.ts'
import { droppedFor } from '../delivery/queue.ts'
import type { DeviceId, HomeId, ProjectId, UserId } from '../model/ids.ts'
import { policyInForce } from '../model/policy.ts'
import type { Device, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { found, joined, transact } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { Devices } from './devices.ts'
import { keyValuesLeft } from './key-value.ts'

/** A home gives up one of its devices, or is about to end. */
export type GivingUp = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly home: HomeId
  readonly by: UserId
  /** The dialect that it came by. */
  readonly via: string
}

/**
 * What becomes of a device that its home has no use for (CONTRACT 6, MODE): one that was there before is free again, and
 * keeps its credential; one that came into being for the home ends, and its credential with it.
 */
export const createGivingUp =
  (context: RegistryContext, devices: Devices) =>
  async (step: GivingUp): Promise<'freed' | 'removed' | 'not-theirs'> => {
    const { store, now, newId } = context
    const { project, device: id, home, by, via } = step
    const done = await transact<'freed' | 'on-demand' | 'not-theirs'>(store, async () => {
      const wanted = [keys.device(project, id), keys.project(project)] as const
      const [deviceEntry, projectEntry] = await store.read(wanted)
      const device = found<Device>(wanted[0], deviceEntry)
      const policy = policyInForce(found<Project>(wanted[1], projectEntry).value?.policy ?? {})
      if (device.value?.owner !== home) return { result: 'not-theirs' }
      if (device.value.provisioned === 'on-demand') return { result: 'on-demand' }
      const { device: after } = release(device.value, policy)
      if (after === undefined) return { result: 'not-theirs' }
      const before = device.value
      const change = handover({
        ...{ found: device, before, after, now: now(), notice: newId(), by, via },
      })
      const dropped = await droppedFor(context, { project, device: id, former: home, after })
      const left = await keyValuesLeft(context, project, after)
      return { result: 'freed', change: joined(change, dropped ?? {}, left ?? {}) }
    })
    if (done === 'not-theirs') return done
    if (done === 'on-demand' && !(await devices.remove(project, id, home))) return 'not-theirs'
    // What a lost wake-up would have told is found in a moment all the same.
    await Promise.all(
      [NOTICES_CHANNEL, FEED_CHANNEL].map((channel) =>
        store.announce(channel, project).catch(() => undefined),
      ),
    )
    return done === 'freed' ? 'freed' : 'removed'
  }

export type GiveUp = ReturnType<typeof createGivingUp>
