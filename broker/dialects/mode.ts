import { parseJson } from '../../shared/check.ts'
import { isFirst } from '../../shared/delivery/once.ts'
import { commandBody, readEvent } from '../../shared/dialects/mode.ts'
import { giveWaiting } from '../commands.ts'
import { type Connection, deliver, grantedQos } from '../connection.ts'
import type { LevelHandler, MqttDialect } from '../dialect.ts'
import { pushed, reload, tellChange } from './mode-key-values.ts'
import { commandTopic, isOwn, keyValueTopic } from './mode-topics.ts'

/** Acknowledged when it is stored. Of a device that is in no home nobody could hear: research 1.11 (12). */
const event: LevelHandler = async ({ delivery }, connection, payload, number) => {
  if (!isOwn(connection, number)) return 'not-permitted'
  const read = readEvent(parseJson(payload))
  if ('fault' in read) return 'malformed'
  const { project, device, witness } = connection
  await delivery.events.fromDevice(project, device, read.value, witness, 'owned')
  return 'acknowledged'
}

const NUMBER = /^\d{1,12}$/

const listensTo = (connection: Connection, topic: string): boolean =>
  grantedQos(connection, topic) !== undefined

/** MODE's topics: research/mode_thethings_thingful.md 1.6. The slash at the start is part of them. */
export const mode: MqttDialect = {
  name: 'mode',
  identityIn: (userName, password) =>
    NUMBER.test(userName) && password !== undefined
      ? { number: Number(userName), token: Buffer.from(password).toString() }
      : undefined,
  publishes: new Map(),
  publishesBelow: new Map<string, LevelHandler>([
    ['/devices/+/event', event],
    ['/devices/+/kv', pushed],
  ]),
  subscribes: new Set(),
  subscribesOwn: (connection) => [commandTopic(connection), keyValueTopic(connection)],
  onSubscribed: async (context, connection, filter) => {
    if (filter === keyValueTopic(connection)) return reload(context, connection)
    const device = await context.registry.devices.get(connection.project, connection.device)
    if (device !== undefined) await giveWaiting(context, mode, connection, device)
  },
  onCommand: async ({ log }, connection, command) => {
    const topic = commandTopic(connection)
    if (command.device !== connection.device || !listensTo(connection, topic)) return 'not-mine'
    if (!isFirst(connection.given, command.id)) return 'not-mine'
    await deliver(connection, topic, commandBody(command), log)
    // There is no word for "done": research 1.6.
    return 'final'
  },
  onKeyValue: tellChange,
  // Another owner's device has other key-values.
  onNotice: async (context, connection, { epoch, refused }, device) => {
    if (refused === undefined && epoch === device.epoch) await reload(context, connection)
  },
}
