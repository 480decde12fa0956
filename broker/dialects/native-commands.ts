import { parseJson } from '../../shared/check.ts'
import { LONGEST_RESULT } from '../../shared/delivery/commands.ts'
import type { Command, CommandId } from '../../shared/model/events.ts'
import { isUuid } from '../../shared/model/ids.ts'
import { type Connection, deliver, grantedQos } from '../connection.ts'
import type { BrokerContext, Given, LevelHandler } from '../dialect.ts'

export const COMMANDS = 'latchkey/v1/commands'
export const GATEWAY_COMMANDS = 'latchkey/v1/gateway/commands'

/** What a device reads. */
const bodyOf = ({ id, action, parameters, epoch }: Command) => ({
  id,
  action,
  ...(parameters === undefined ? {} : { parameters }),
  epoch,
})

/** To the device itself, or to the gateway that speaks for it. */
export const giveCommand = async (
  context: BrokerContext,
  connection: Connection,
  command: Command,
): Promise<Given> => {
  const { registry, log } = context
  if (command.device === connection.device) {
    if (grantedQos(connection, COMMANDS) === undefined) return 'not-mine'
    await deliver(connection, COMMANDS, bodyOf(command), log)
    return 'awaits-answer'
  }
  if (grantedQos(connection, GATEWAY_COMMANDS) === undefined) return 'not-mine'
  const child = await registry.devices.get(connection.project, command.device)
  if (child?.parent !== connection.device) return 'not-mine'
  const body = { device: child.name, ...bodyOf(command) }
  await deliver(connection, GATEWAY_COMMANDS, body, log)
  return 'awaits-answer'
}

/** The answer to a command: nothing, or JSON that its sender can read. */
const resultIn = (payload: Uint8Array): { result: unknown } | 'malformed' => {
  if (payload.length === 0) return { result: undefined }
  const result = payload.length <= LONGEST_RESULT ? parseJson(payload) : undefined
  return result === undefined ? 'malformed' : { result }
}

/** What was done is done: a command that is over or somebody else's changes nothing, and the publish is acknowledged. */
export const acknowledge: LevelHandler = async (context, connection, payload, id) => {
  const answer = resultIn(payload)
  if (answer === 'malformed') return 'malformed'
  if (!isUuid(id)) return 'acknowledged'
  const { commands } = context.delivery
  await commands.acknowledge(connection.project, connection.device, id as CommandId, answer.result)
  return 'acknowledged'
}

/** A gateway answers for a child of its own. */
export const acknowledgeForChild: LevelHandler = async (context, connection, payload, id) => {
  const answer = resultIn(payload)
  if (answer === 'malformed') return 'malformed'
  if (!connection.isGateway || !isUuid(id)) return 'acknowledged'
  const { delivery, registry } = context
  const seen = await delivery.commands.look(connection.project, id as CommandId)
  if (seen === undefined) return 'acknowledged'
  const child = await registry.devices.get(connection.project, seen.command.device)
  if (child?.parent === connection.device)
    await delivery.commands.acknowledge(
      connection.project,
      child.id,
      id as CommandId,
      answer.result,
    )
  return 'acknowledged'
}
