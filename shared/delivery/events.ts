import type { Happening } from '../model/events.ts'
import type { DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import type { Device, Home } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { type Found, readOne, transact, unchanged } from '../store/transact.ts'
import type { DeliveryContext } from './context.ts'
import { DEVICE_EVENTS_KEEP, happened } from './feed.ts'
import { happeningOf, placeAfter } from './replay.ts'
import { createFeedWake } from './wake.ts'

/** What a device says: `{eventType, eventData}`. */
export type DeviceEvent = {
  readonly eventType: string
  readonly eventData: Readonly<Record<string, unknown>>
}

/** What is said to a home; `key`: the name of the project key that it came with. */
export type HomeEvent = DeviceEvent & { readonly key?: string }

/**
 * One device's way of saying events: what its connection saw of the record last, and what waits while a commit is under
 * way. That commit finds out whether the record still holds, so no event reads it again, and events keep their order.
 */
export type Witness = {
  seen?: Found<Device>
  waiting: Waiting[]
  isBusy: boolean
}

/** Whose events are recorded: of every device, or only of one that somebody owns, who could hear of it. */
type Heard = 'any' | 'owned'

type Waiting = {
  readonly data: DeviceEvent
  readonly heard: Heard
  readonly done: (isRecorded: boolean) => void
  readonly fail: (cause: unknown) => void
}

export const newWitness = (): Witness => ({ waiting: [], isBusy: false })

const isHeard = ({ owner }: Device, heard: Heard) => heard === 'any' || owner !== undefined
const isForOwners = ({ heard }: Pick<Waiting, 'heard'>) => heard === 'owned'

/** Events of one commit. */
const TOGETHER = 100

/** Events of devices: into the feed of their project, under the owner they have at that moment. */
export const createEvents = (context: DeliveryContext) => {
  const { store, now, newId } = context
  const wake = createFeedWake(context)

  const news = (device: Device, data: DeviceEvent) => ({
    at: now(),
    type: 'device.event' as const,
    device: device.id,
    epoch: device.epoch,
    ...(device.owner === undefined ? {} : { home: device.owner }),
    data: { eventType: data.eventType, eventData: data.eventData },
  })

  /** The record to go by. That nobody owned it then says nothing of now. */
  const look = (
    project: ProjectId,
    id: DeviceId,
    { seen }: Witness,
    events: readonly Pick<Waiting, 'heard'>[],
  ) =>
    seen?.value === undefined || (!isHeard(seen.value, 'owned') && events.some(isForOwners))
      ? readOne<Device>(store, keys.device(project, id))
      : seen

  /** Records events of one device in one commit, and answers which. */
  const record = async (
    project: ProjectId,
    id: DeviceId,
    events: readonly Waiting[],
    witness: Witness,
  ): Promise<ReadonlySet<Waiting>> => {
    const done = await transact<{ seen: Found<Device>; kept: Waiting[] }>(store, async () => {
      const seen = await look(project, id, witness, events)
      // Kept only if the commit finds it unchanged.
      delete witness.seen
      const { value } = seen
      if (value === undefined) return { result: { seen, kept: [] } }
      const kept = events.filter(({ heard }) => isHeard(value, heard))
      if (kept.length === 0) return { result: { seen, kept } }
      const append = kept.flatMap(({ data }) => happened(project, news(value, data), newId()))
      return { result: { seen, kept }, change: { expect: [unchanged(seen)], append } }
    })
    if (done.kept.length > 0) {
      witness.seen = done.seen
      wake(project)
    }
    return new Set(done.kept)
  }

  const workOff = async (project: ProjectId, id: DeviceId, witness: Witness): Promise<void> => {
    while (witness.waiting.length > 0) {
      const batch = witness.waiting.splice(0, TOGETHER)
      await record(project, id, batch, witness).then(
        (kept) => {
          for (const one of batch) one.done(kept.has(one))
        },
        (cause: unknown) => {
          for (const { fail } of batch) fail(cause)
        },
      )
    }
    witness.isBusy = false
  }

  /**
   * Recorded when it resolves, in the order of the calls with one witness. `false`: there is no such device, or (`owned`)
   * nobody who could hear of it.
   */
  const fromDevice = (
    project: ProjectId,
    id: DeviceId,
    data: DeviceEvent,
    witness: Witness = newWitness(),
    heard: Heard = 'any',
  ): Promise<boolean> =>
    new Promise((done, fail) => {
      witness.waiting.push({ data, heard, done, fail })
      if (witness.isBusy) return
      witness.isBusy = true
      void workOff(project, id, witness)
    })

  /** What a person or a program says to a home; `by` is the id of whose it is. `false`: there is no such home. */
  const toHome = async (
    project: ProjectId,
    home: HomeId,
    data: HomeEvent,
    by: string,
  ): Promise<boolean> => {
    const isTold = await transact<boolean>(store, async () => {
      const house = await readOne<Home>(store, keys.home(project, home))
      if (house.value === undefined) return { result: false }
      const news = { at: now(), type: 'home.event' as const, home, data: { ...data, by } }
      return {
        result: true,
        change: { expect: [unchanged(house)], append: happened(project, news, newId()) },
      }
    })
    if (isTold) wake(project)
    return isTold
  }

  /** The same, to nobody but those who run the project. */
  const toProject = async (project: ProjectId, data: HomeEvent, by: string): Promise<void> => {
    const news = { at: now(), type: 'home.event' as const, data: { ...data, by } }
    await store.commit({ append: happened(project, news, newId()) })
    wake(project)
  }

  /** What happened to a device in its present epoch, oldest first, after the event of that id. */
  const ofDevice = async (
    { project, id, epoch }: Pick<Device, 'project' | 'id' | 'epoch'>,
    after: string | undefined,
    limit: number,
  ): Promise<Happening[] | 'unknown-place'> => {
    const log = keys.deviceEvents(project, id, epoch)
    const place = after === undefined ? undefined : await placeAfter(store, log, after)
    if (after !== undefined && place === undefined) return 'unknown-place'
    const lines = await store.tail(log, place, Math.min(limit, DEVICE_EVENTS_KEEP))
    return lines.flatMap((line) => happeningOf(line) ?? [])
  }

  return { fromDevice, toHome, toProject, ofDevice, wake }
}

export type Events = ReturnType<typeof createEvents>
