import type { Command } from '../shared/model/events.ts'
import type { Device } from '../shared/model/records.ts'
import type { Connection } from './connection.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'

/** Writes one command to a connection, in each dialect that it listens in. */
export const giveTo = async (
  context: BrokerContext,
  dialects: readonly MqttDialect[],
  connection: Connection,
  command: Command,
): Promise<void> => {
  for (const { onCommand } of dialects) {
    const given = await onCommand?.(context, connection, command)
    if (given === undefined || given === 'not-mine') continue
    await context.delivery.commands.sent(connection.project, command.id, given === 'final')
  }
}

/** Writes everything that waits for a device to a connection that has begun to listen, in one dialect. */
export const giveWaiting = async (
  context: BrokerContext,
  dialect: MqttDialect,
  connection: Connection,
  device: Device,
): Promise<void> => {
  const waiting = await context.delivery.commands.waiting(connection.project, device)
  for (const command of waiting) await giveTo(context, [dialect], connection, command)
}
