import { createFollower } from '../shared/delivery/follower.ts'
import { NOTICES_CHANNEL } from '../shared/delivery/notices.ts'
import type { DeviceId, ProjectId } from '../shared/model/ids.ts'
import type { Notice } from '../shared/model/records.ts'
import { keys } from '../shared/store/keys.ts'
import type { Logged } from '../shared/store/port.ts'
import { lineOf } from '../shared/store/transact.ts'
import { giveTo } from './commands.ts'
import type { Connection } from './connection.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'

type Options = {
  readonly context: BrokerContext
  /** Who is connected here as a device, or speaks for it. */
  readonly holdersOf: (device: DeviceId) => readonly Connection[]
  readonly dialects: readonly MqttDialect[]
  /** Told of each notice once a device has heard it. */
  readonly onHanded?: ((notice: Notice) => void) | undefined
}

/**
 * Hands over what devices that are connected here have to be told: that they changed hands, that there is a command.
 * It lies in the store until it is a day old; who connects later is told the present state instead.
 */
export const createOutbox = ({ context, holdersOf, dialects, onHanded }: Options) => {
  const { store, registry, log, delivery } = context

  const tellOwner = async (notice: Notice, connection: Connection): Promise<void> => {
    const device = await registry.devices.get(connection.project, notice.device)
    if (device === undefined) return
    for (const { onNotice } of dialects) await onNotice?.(context, connection, notice, device)
  }

  /** To the device itself, and to the gateway that speaks for it. */
  const tellCommand = async (project: ProjectId, notice: Notice): Promise<void> => {
    if (notice.command === undefined) return
    const gateway = notice.parent === undefined ? [] : holdersOf(notice.parent)
    const listeners = [...holdersOf(notice.device), ...gateway]
    if (listeners.length === 0) return
    const command = await delivery.commands.one(project, notice.command)
    if (command === undefined) return
    for (const connection of listeners) await giveTo(context, dialects, connection, command)
  }

  const tellKeyValue = async (notice: Notice, connection: Connection): Promise<void> => {
    if (notice.keyValue === undefined) return
    const change = { ...notice.keyValue, epoch: notice.epoch }
    for (const { onKeyValue } of dialects) await onKeyValue?.(context, connection, change)
  }

  const onLine = async (project: ProjectId, line: Logged): Promise<void> => {
    const notice = lineOf<Notice>('a notice', line)
    if (notice === undefined) return
    if (notice.command !== undefined) return tellCommand(project, notice)
    const tell = notice.keyValue === undefined ? tellOwner : tellKeyValue
    const holders = holdersOf(notice.device)
    for (const connection of holders) await tell(notice, connection)
    if (holders.length > 0) onHanded?.(notice)
  }

  return createFollower({
    store,
    log,
    channel: NOTICES_CHANNEL,
    logOf: keys.notices,
    onLine,
  })
}

export type Outbox = ReturnType<typeof createOutbox>
