import type { Connection } from '../connection.ts'

export const commandTopic = ({ number }: Pick<Connection, 'number'>): string =>
  `/devices/${number}/command`

export const keyValueTopic = ({ number }: Pick<Connection, 'number'>): string =>
  `/devices/${number}/kv`

/** Whether the number in a topic is that of the device itself. */
export const isOwn = (connection: Pick<Connection, 'number'>, number: string): boolean =>
  number === String(connection.number)
