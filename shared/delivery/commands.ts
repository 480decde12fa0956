import { type Command, type CommandId, type CommandState, commandState } from '../model/events.ts'
import type { DeviceId, HomeId, ProjectId } from '../model/ids.ts'
import { policyInForce } from '../model/policy.ts'
import type { Device, Notice, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { found, readOne, transact, unchanged } from '../store/transact.ts'
import type { DeliveryContext } from './context.ts'
import { happened, timedId } from './feed.ts'
import { noticeLine } from './notices.ts'
import { droppedFor, kept, MOST_QUEUED, queueOf } from './queue.ts'
import { createFeedWake } from './wake.ts'

/** The wake-up: which command has changed its state. */
export const COMMANDS_CHANNEL = 'commands'
/** Longest answer of a device, as JSON. */
export const LONGEST_RESULT = 4096

/** A command before it is accepted. `owner`: only while this home owns the device. */
export type NewCommand = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly owner?: HomeId
  readonly action: string
  readonly parameters?: unknown
  /** Absent: as long as the policy says. */
  readonly ttlMs?: number | undefined
  readonly by: string
}

/** Why a command was not accepted. */
export type CommandRefusal = 'device-unknown' | 'too-many'

/** Commands to devices: queued under an epoch, handed over at least once, acknowledged by the device. */
export const createCommands = (context: DeliveryContext) => {
  const { store, log, now, newId } = context
  const wakeFeed = createFeedWake(context)

  const announce = (channel: string, message: string): void => {
    store.announce(channel, message).catch((cause: unknown) => {
      log.debug({ err: cause, channel }, 'a wake-up was lost; the store still has what it is about')
    })
  }

  /** Accepts a command for the epoch that the device has now. */
  const give = async (wanted: NewCommand): Promise<Command | CommandRefusal> => {
    const { project, device: id, owner } = wanted
    const given = await transact<Command | CommandRefusal>(store, async () => {
      const read = [keys.device(project, id), keys.project(project)] as const
      const [deviceEntry, projectEntry] = await store.read(read)
      const device = found<Device>(read[0], deviceEntry)
      if (device.value === undefined) return { result: 'device-unknown' }
      if (owner !== undefined && device.value.owner !== owner) return { result: 'device-unknown' }
      const { index, waits, dead } = await queueOf(context, project, device.value)
      if (waits.length >= MOST_QUEUED) return { result: 'too-many' }
      const policy = policyInForce(found<Project>(read[1], projectEntry).value?.policy ?? {})
      const at = now()
      const command: Command = {
        id: timedId<CommandId>(at, newId()),
        device: id,
        epoch: device.value.epoch,
        action: wanted.action,
        ...(wanted.parameters === undefined ? {} : { parameters: wanted.parameters }),
        state: 'queued',
        createdAt: at,
        expiresAt: at + (wanted.ttlMs ?? policy.commandTtlMs),
        by: wanted.by,
      }
      const notice: Notice = {
        id: command.id,
        device: id,
        epoch: command.epoch,
        command: command.id,
        ...(device.value.parent === undefined ? {} : { parent: device.value.parent }),
        at,
      }
      return {
        result: command,
        change: {
          expect: [unchanged(device)],
          put: [kept(project, command)],
          add: [{ index, member: command.id }],
          drop: dead.map((member) => ({ index, member })),
          append: [noticeLine(project, notice)],
        },
      }
    })
    if (typeof given !== 'string') announce('notices', project)
    return given
  }

  /** A command and what has become of it; for the present owner nothing of an earlier epoch. */
  const look = async (
    project: ProjectId,
    id: CommandId,
  ): Promise<{ command: Command; state: CommandState } | undefined> => {
    const { value } = await readOne<Command>(store, keys.command(project, id))
    if (value === undefined) return undefined
    const device = await readOne<Device>(store, keys.device(project, value.device))
    return { command: value, state: commandState(value, device.value, now()) }
  }

  /** The commands that a device has to be given now, oldest first. */
  const waiting = async (project: ProjectId, device: Device): Promise<Command[]> =>
    (await queueOf(context, project, device)).waits

  /** One of them, if it still has to be given. */
  const one = async (project: ProjectId, id: CommandId): Promise<Command | undefined> => {
    const seen = await look(project, id)
    return seen?.state === 'queued' || seen?.state === 'sent' ? seen.command : undefined
  }

  /** It was written to the device. `isFinal`: the device will not answer, so it is not given again. */
  const sent = async (project: ProjectId, id: CommandId, isFinal: boolean): Promise<void> => {
    await transact<void>(store, async () => {
      const command = await readOne<Command>(store, keys.command(project, id))
      const { value } = command
      if (value === undefined || value.state === 'acknowledged') return { result: undefined }
      if (value.state === 'sent' && !isFinal) return { result: undefined }
      const after: Command = { ...value, state: 'sent', sentAt: now() }
      const index = keys.commands(project, value.device)
      return {
        result: undefined,
        change: {
          expect: [unchanged(command)],
          put: [kept(project, after)],
          drop: isFinal ? [{ index, member: id }] : [],
        },
      }
    })
    announce(COMMANDS_CHANNEL, id)
  }

  /** The device has done it. `false`: there is no such command for it now. */
  const acknowledge = async (
    project: ProjectId,
    device: DeviceId,
    id: CommandId,
    result: unknown,
  ): Promise<boolean> => {
    const done = await transact<boolean>(store, async () => {
      const read = [keys.command(project, id), keys.device(project, device)] as const
      const [commandEntry, deviceEntry] = await store.read(read)
      const command = found<Command>(read[0], commandEntry)
      const owned = found<Device>(read[1], deviceEntry)
      const { value } = command
      if (value === undefined || value.device !== device) return { result: false }
      const state = commandState(value, owned.value, now())
      if (state === 'acknowledged') return { result: true }
      if (state === 'dropped' || state === 'expired') return { result: false }
      const at = now()
      const after: Command = {
        ...value,
        state: 'acknowledged',
        acknowledgedAt: at,
        ...(result === undefined ? {} : { result }),
      }
      const home = owned.value?.owner
      const news = {
        at,
        type: 'command.acknowledged' as const,
        device,
        epoch: value.epoch,
        ...(home === undefined ? {} : { home }),
        data: { id, action: value.action, ...(result === undefined ? {} : { result }) },
      }
      return {
        result: true,
        change: {
          expect: [unchanged(command), unchanged(owned)],
          put: [kept(project, after)],
          drop: [{ index: keys.commands(project, device), member: id }],
          append: happened(project, news, newId()),
        },
      }
    })
    if (done) {
      announce(COMMANDS_CHANNEL, id)
      wakeFeed(project)
    }
    return done
  }

  /** Takes back what was not sent yet. `false`: it has been sent, or is over. */
  const withdraw = (project: ProjectId, id: CommandId): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const command = await readOne<Command>(store, keys.command(project, id))
      const { value } = command
      if (value === undefined || value.state !== 'queued') return { result: false }
      const index = keys.commands(project, value.device)
      return {
        result: true,
        change: {
          expect: [unchanged(command)],
          put: [kept(project, { ...value, expiresAt: now() })],
          drop: [{ index, member: id }],
        },
      }
    })

  /** The device has left a home: what waited under its epoch is over, and the home is told. It was over with the commit already. */
  const drop = async (project: ProjectId, device: DeviceId, former: HomeId): Promise<void> => {
    const isTold = await transact<boolean>(store, async () => {
      const { value: after } = await readOne<Device>(store, keys.device(project, device))
      const change = await droppedFor(context, { project, device, former, after })
      return change === undefined ? { result: false } : { result: true, change }
    })
    if (isTold) wakeFeed(project)
  }

  return { give, look, waiting, one, sent, acknowledge, withdraw, drop }
}

export type Commands = ReturnType<typeof createCommands>
