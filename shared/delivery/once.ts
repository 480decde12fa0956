import type { CommandId } from '../model/events.ts'

const REMEMBERED = 200

/**
 * Whether a command is given on a connection for the first time: it can come by its notice and by what waits. Where nothing
 * says which command it is, a second one would be done twice. Remembers the last 200.
 */
export const isFirst = (given: Set<CommandId>, id: CommandId): boolean => {
  if (given.has(id)) return false
  given.add(id)
  const [oldest] = given
  if (given.size > REMEMBERED && oldest !== undefined) given.delete(oldest)
  return true
}
