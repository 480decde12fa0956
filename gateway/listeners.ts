import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { createFollower } from '../shared/delivery/follower.ts'
import type { Delivery } from '../shared/delivery/index.ts'
import { NOTICES_CHANNEL } from '../shared/delivery/notices.ts'
import { isFirst } from '../shared/delivery/once.ts'
import { createPresence, type Holder } from '../shared/delivery/presence.ts'
import type { Log } from '../shared/log.ts'
import type { Command, CommandId } from '../shared/model/events.ts'
import type { ProjectId } from '../shared/model/ids.ts'
import type { Device, Notice } from '../shared/model/records.ts'
import type { Registry } from '../shared/registry/index.ts'
import { startOnce } from '../shared/starting.ts'
import { keys } from '../shared/store/keys.ts'
import type { Logged, Store } from '../shared/store/port.ts'
import { lineOf } from '../shared/store/transact.ts'
import type { Outlet, Welcome } from './live-socket.ts'

/** RFC 6455, 7.4.1: a newer connection has come, or the one who came has no place here any more. */
const POLICY_VIOLATION = 1008

/** A device that hears its commands over a WebSocket. `outlet` is there once the socket is open. */
type Listener = Holder & {
  outlet: Outlet | undefined
  readonly write: (command: Command) => string
  readonly given: Set<CommandId>
}

/** Who comes. `write`: a command in the words of the dialect. */
export type Listening = {
  readonly device: Device
  readonly token: string
  readonly socket: Socket
  readonly write: (command: Command) => string
}

type Options = {
  readonly store: Store
  readonly registry: Registry
  readonly delivery: Delivery
  readonly log: Log
  readonly now: () => number
}

/**
 * Devices that listen on this node of the gateway. A socket counts as connected, beside MQTT; the newest of a device is the
 * only one, on all nodes. It can say nothing, so a command is done with when it is written.
 */
export const createListeners = ({ store, registry, delivery, log, now }: Options) => {
  const presence = createPresence<Listener>({
    ...{ store, log, now, carrier: 'socket' },
    node: randomUUID(),
    newId: () => randomUUID(),
    wakeFeed: delivery.events.wake,
    cut: ({ outlet }) => outlet?.end(POLICY_VIOLATION, 'not the newest any more'),
  })

  const give = async (listener: Listener, command: Command): Promise<void> => {
    const { outlet, write, given } = listener
    if (outlet === undefined || !isFirst(given, command.id)) return
    if (!outlet.send(write(command))) return outlet.end(POLICY_VIOLATION, 'does not read')
    await delivery.commands.sent(listener.project, command.id, true)
  }

  const onLine = async (project: ProjectId, line: Logged): Promise<void> => {
    const notice = lineOf<Notice>('a notice', line)
    const listener = notice && presence.holder(notice.device)
    if (notice?.command === undefined || listener?.outlet === undefined) return
    const command = await delivery.commands.one(project, notice.command)
    if (command !== undefined) await give(listener, command)
  }

  const follower = createFollower({
    ...{ store, log, onLine },
    channel: NOTICES_CHANNEL,
    logOf: keys.notices,
  })

  const listening = startOnce(async () => {
    const stop = await follower.start()
    const unlisten = await presence.listen().catch(async (cause: unknown) => {
      await stop()
      throw cause
    })
    return () => Promise.all([stop(), unlisten()])
  })

  const giveWaiting = async (listener: Listener): Promise<void> => {
    const device = await registry.devices.get(listener.project, listener.device)
    if (device === undefined) return
    for (const command of await delivery.commands.waiting(listener.project, device))
      await give(listener, command)
  }

  /**
   * The device is connected from now on, and hears from the moment the socket is open. `undefined`: its credential died
   * meanwhile, or a newer one came.
   */
  const open = async ({
    device,
    token,
    socket,
    write,
  }: Listening): Promise<Welcome | undefined> => {
    const { id, project } = device
    const place = { project, device: id, generation: 0, rival: 0 }
    const listener: Listener = { ...place, outlet: undefined, write, given: new Set() }
    await listening.start()
    await follower.follow(project)
    socket.once('close', () => presence.leave(listener))
    const isHolder = !socket.destroyed && (await presence.take(listener))
    // Who ends a credential ends the connections that are there by then: this one may just have been missed.
    const present = isHolder ? await registry.devices.findByToken(token) : undefined
    if (present?.id !== id) {
      presence.leave(listener)
      return undefined
    }
    return (outlet) => {
      listener.outlet = outlet
      if (presence.holder(id) !== listener) return outlet.end(POLICY_VIOLATION, 'not the newest')
      giveWaiting(listener).catch((cause: unknown) => {
        log.warn({ err: cause, device: id }, 'what waits could not be given')
        outlet.end(1011, 'not available')
      })
    }
  }

  const close = async (): Promise<void> => {
    for (const listener of presence.all()) presence.leave(listener)
    await listening.end()
  }

  return { open, close, size: presence.size }
}

export type Listeners = ReturnType<typeof createListeners>
