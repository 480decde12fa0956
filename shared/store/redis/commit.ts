import { forgetAt, whole } from '../bounds.ts'
import type { Change } from '../port.ts'
import type { Client } from './connect.ts'
import { type Layout, spellEntry } from './layout.ts'
import { runScript, script } from './script.ts'

/**
 * Applies a change, all or nothing, if everything expected is still so.
 *
 * KEYS  of expect, put, remove, add, drop, append, in this order
 * ARGV  1-6 how many of each; 7 `before` (ms) or '';
 *       then for each expect: '' (nothing) or '=' stamp
 *            for each put:    stamp '\n' value, time to forget (ms) or ''
 *            for each add, for each drop: member
 *            for each append: item, keep, ttl (ms) or ''
 * Reply 1 applied, 0 not
 *
 * Whatever can fail is tried before the first write, because Redis takes nothing back: types here, the form of numbers by
 * the caller, rights by the check at start; READONLY, OOM and MISCONF refuse a script at its first write.
 */
const LUA = `
local k, a = 0, 7
local function key() k = k + 1 return KEYS[k] end
local function arg() a = a + 1 return ARGV[a] end
local expects, puts, removes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local adds, drops, appends = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

if ARGV[7] ~= '' then
  local now = redis.call('TIME')
  if now[1] * 1000 + math.floor(now[2] / 1000) >= tonumber(ARGV[7]) then return 0 end
end

for _ = 1, expects do
  local value, want = redis.call('GET', key()), arg()
  if want == '' then
    if value then return 0 end
  else
    if not value then return 0 end
    if value:sub(1, #want) ~= want:sub(2) .. '\\n' then return 0 end
  end
end

local first = expects + puts + removes
for n = first + 1, first + adds + drops + appends do
  local type = redis.call('TYPE', KEYS[n]).ok
  local good = n > first + adds + drops and 'stream' or 'zset'
  if type ~= 'none' and type ~= good then return redis.error_reply('WRONGTYPE of a key') end
end

for _ = 1, puts do
  local name, value, forget = key(), arg(), arg()
  if forget == '' then redis.call('SET', name, value) else redis.call('SET', name, value, 'PXAT', forget) end
end
for _ = 1, removes do redis.call('DEL', key()) end
for _ = 1, adds do redis.call('ZADD', key(), 0, arg()) end
for _ = 1, drops do redis.call('ZREM', key(), arg()) end
for _ = 1, appends do
  local name, item, keep, ttl = key(), arg(), arg(), arg()
  redis.call('XADD', name, 'MAXLEN', '~', keep, '*', 'i', item)
  if ttl == '' then redis.call('PERSIST', name) else redis.call('PEXPIRE', name, ttl) end
end
return 1
`

const COMMIT = script(LUA)
/** The same beyond `maxmemory`. */
const WHEN_FULL = script(`#!lua flags=allow-oom${LUA}`)

/** Runs the commit script; everything put gets this stamp. */
export const commitChange = async (
  client: Client,
  layout: Layout,
  change: Change,
  stamp: string,
): Promise<boolean> => {
  const { expect = [], put = [], remove = [], add = [], drop = [], append = [] } = change
  const keys = [
    ...expect.map(({ key }) => layout.entry(key)),
    ...put.map(({ key }) => layout.entry(key)),
    ...remove.map(layout.entry),
    ...add.map(({ index }) => layout.index(index)),
    ...drop.map(({ index }) => layout.index(index)),
    ...append.map(({ log }) => layout.log(log)),
  ]
  const args: (string | number)[] = [
    ...[expect, put, remove, add, drop, append].map(({ length }) => length),
    change.before ?? '',
  ]
  for (const { version } of expect) args.push(version === undefined ? '' : `=${version}`)
  for (const { value, expiresAt } of put)
    args.push(spellEntry(stamp, value), expiresAt === undefined ? '' : forgetAt(expiresAt))
  for (const { member } of [...add, ...drop]) args.push(member)
  for (const { item, keep, ttlMs } of append)
    args.push(item, whole(keep), ttlMs === undefined ? '' : whole(ttlMs))
  return (await runScript(client, change.whenFull ? WHEN_FULL : COMMIT, keys, args)) === 1
}
