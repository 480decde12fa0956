import { type Connection, deliver, type Reply } from '../connection.ts'
import type { BrokerContext } from '../dialect.ts'

/** Where a device hears what came of its half. */
export const RESULT = 'latchkey/v1/claim/result'

/** A payload of another form than the documented one: told, and not done. */
export const refuseMalformed = async (
  { engine, log }: BrokerContext,
  connection: Connection,
  reply?: Reply,
) => {
  const { project, device } = connection
  const refusal = { what: 'message', reason: 'bad-request', via: 'latchkey' } as const
  await engine.noteRefusal({ project, device, ...refusal })
  await deliver(connection, RESULT, { state: 'refused', reason: 'bad-request' }, log, reply)
  return 'malformed' as const
}
