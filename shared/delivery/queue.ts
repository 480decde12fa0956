import { type Command, type CommandId, commandState } from '../model/events.ts'
import type { DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change, Store } from '../store/port.ts'
import { type Found, put, readMany, unchanged } from '../store/transact.ts'
import type { DeliveryContext } from './context.ts'
import { happened } from './feed.ts'

/** How many commands may wait for one device. */
export const MOST_QUEUED = 100
/** How long its sender can ask what became of a command, after its end. */
const ASKABLE_MS = 86_400_000

/** A command as it is kept. */
export const kept = (project: ProjectId, command: Command) =>
  put(keys.command(project, command.id), command, command.expiresAt + ASKABLE_MS)

/** The queue of a device, oldest first: what stands in it, and what became of that. */
const read = async (store: Store, project: ProjectId, device: DeviceId) => {
  const index = keys.commands(project, device)
  const ids = (await store.list(index, { limit: 2 * MOST_QUEUED })) as CommandId[]
  const records = await readMany<Command>(
    store,
    ids.map((id) => keys.command(project, id)),
  )
  return { index, ids, records }
}

/** What waits for a device, oldest first, and what lies in its queue for nothing. */
export const queueOf = async (
  { store, now }: Pick<DeliveryContext, 'store' | 'now'>,
  project: ProjectId,
  device: Pick<Device, 'id' | 'epoch'>,
) => {
  const { index, ids, records } = await read(store, project, device.id)
  const waits: Command[] = []
  const dead: CommandId[] = []
  records.forEach(({ value }, place) => {
    const state = value && commandState(value, device, now())
    if (value !== undefined && (state === 'queued' || state === 'sent')) waits.push(value)
    else dead.push(ids[place] as CommandId)
  })
  return { index, waits, dead }
}

/** A device that is about to leave a home, or has left it. `after`: as it is then; `undefined`: it ends. */
export type Leaving = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly former: HomeId
  readonly after: Pick<Device, 'epoch'> | undefined
}

/**
 * What was waiting under the former epoch leaves the queue, and the home is told: the part of a change, which of several
 * only one can commit. `undefined`: nothing waited.
 */
export const droppedFor = async (
  { store, now, newId }: Pick<DeliveryContext, 'store' | 'now' | 'newId'>,
  { project, device, former, after }: Leaving,
): Promise<Required<Pick<Change, 'expect' | 'put' | 'drop' | 'append'>> | undefined> => {
  const { index, records } = await read(store, project, device)
  const at = now()
  const isDropped = (one: Found<Command>): one is Found<Command> & { readonly value: Command } =>
    one.value !== undefined && commandState(one.value, after, at) === 'dropped'
  const dropped = records.filter(isDropped)
  if (dropped.length === 0) return undefined
  const news = ({ id, epoch, action }: Command) => ({
    ...{ at, type: 'command.dropped' as const, device, epoch, home: former, data: { id, action } },
  })
  return {
    expect: dropped.map(unchanged),
    // As it was, so that whoever does the same meanwhile finds it changed.
    put: dropped.map(({ value }) => kept(project, value)),
    drop: dropped.map(({ value }) => ({ index, member: value.id })),
    append: dropped.flatMap(({ value }) => happened(project, news(value), newId())),
  }
}
