import { createHash } from 'node:crypto'
import type { Client } from './connect.ts'
import { replyCode } from './failure.ts'

export type Script = { readonly lua: string; readonly sha: string }

export const script = (lua: string): Script => ({
  lua,
  sha: createHash('sha1').update(lua).digest('hex'),
})

/** Runs a script by its digest, or whole where the server does not know it (any more). */
export const runScript = async (
  client: Client,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> => {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args)
  } catch (error) {
    if (replyCode(error) !== 'NOSCRIPT') throw error
    return client.eval(lua, keys.length, ...keys, ...args)
  }
}
