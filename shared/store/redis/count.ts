import { whole } from '../bounds.ts'
import type { Count } from '../port.ts'
import type { Client } from './connect.ts'
import { runScript, script } from './script.ts'

/**
 * Counts in a window that starts at the first count.
 *
 * KEYS  1 the counter
 * ARGV  1 by how much (0: only look); 2 the window (ms)
 * Reply the count, the ms until the window ends
 */
const COUNT = script(`
if ARGV[1] == '0' then
  local count, left = tonumber(redis.call('GET', KEYS[1]) or 0), redis.call('PTTL', KEYS[1])
  if not count then return redis.error_reply('WRONGTYPE of a counter') end
  return { count, left > 0 and left or 0 }
end
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2])
  redis.call('PEXPIRE', KEYS[1], left)
end
return { count, left }
`)

/** Runs the count script. */
export const countIn = async (
  client: Client,
  key: string,
  windowMs: number,
  by: number,
): Promise<Count> => {
  const reply = await runScript(client, COUNT, [key], [by, whole(windowMs)])
  const [count = 0, resetInMs = 0] = reply as number[]
  return { count, resetInMs }
}
