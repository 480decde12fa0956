import { parseJson } from '../../shared/check.ts'
import { readKeyValue } from '../../shared/dialects/mode.ts'
import type { KeyValueChange } from '../../shared/model/records.ts'
import { type Connection, deliver, grantedQos, inOrder } from '../connection.ts'
import type { BrokerContext, LevelHandler } from '../dialect.ts'
import { isOwn, keyValueTopic } from './mode-topics.ts'

const ownerOf = ({ project, device }: Connection, epoch: number) =>
  ({ kind: 'device', project, device, epoch }) as const

/** Tells a device all that there is, where it listens. From then on it is told every change behind that revision. */
export const reload = async (
  { registry, log }: BrokerContext,
  connection: Connection,
): Promise<void> => {
  const topic = keyValueTopic(connection)
  if (grantedQos(connection, topic) === undefined) return
  await inOrder(connection, async () => {
    const device = await registry.devices.get(connection.project, connection.device)
    if (device === undefined) return
    const { rev, items } = await registry.keyValues.list(ownerOf(connection, device.epoch))
    connection.keyValueRev = rev
    const said = items.map(({ key, value, modifiedAt }) => ({
      key,
      value,
      modificationTime: new Date(modifiedAt).toISOString(),
    }))
    const body = { action: 'reload', rev, numItems: said.length, items: said }
    await deliver(connection, topic, body, log)
  })
}

/**
 * Tells a device one change, in the order of the revisions: its library forgets an older one that comes after a newer. What
 * has been changed again meanwhile is told with that change.
 */
export const tellChange = async (
  { registry, log }: BrokerContext,
  connection: Connection,
  { action, key, rev, epoch }: KeyValueChange,
): Promise<void> => {
  const topic = keyValueTopic(connection)
  if (grantedQos(connection, topic) === undefined) return
  await inOrder(connection, async () => {
    const { keyValueRev } = connection
    if (keyValueRev === undefined || rev <= keyValueRev) return
    const present = await registry.keyValues.get(ownerOf(connection, epoch), key)
    const isPresent = action === 'set' ? present?.rev === rev : present === undefined
    if (!isPresent) return
    connection.keyValueRev = rev
    const value = present === undefined ? {} : { value: present.value }
    await deliver(connection, topic, { action, rev, key, ...value }, log)
  })
}

/** A device changes a key-value of its own; it hears of it as of any other change. */
export const pushed: LevelHandler = async ({ registry }, connection, payload, number) => {
  if (!isOwn(connection, number)) return 'not-permitted'
  const change = readKeyValue(parseJson(payload))
  if (change === undefined) return 'malformed'
  const device = await registry.devices.get(connection.project, connection.device)
  if (device === undefined) return 'acknowledged'
  const owner = ownerOf(connection, device.epoch)
  if (change.action === 'delete') {
    await registry.keyValues.remove(owner, change.key)
    return 'acknowledged'
  }
  const done = await registry.keyValues.set(owner, change.key, change.value)
  return done === 'bad-key' || done === 'bad-value' || done === 'too-much'
    ? 'malformed'
    : 'acknowledged'
}
