import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** The key file cannot be used; says why, never what is in it. */
export class KeyFileUnfit extends Error {
  readonly code = 'KEY_FILE_UNFIT'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'KeyFileUnfit'
  }
}

/** What the key file holds. */
export type InstanceKeys = {
  /** The oldest: device credentials and claim secrets stay derived from it for ever. */
  readonly root: Uint8Array
  /** The first signs sessions; all of them verify them. */
  readonly signers: readonly [Uint8Array, ...Uint8Array[]]
}

const KEY = /^[A-Za-z0-9_-]{43,}$/
/** After the last key: no session is signed or verified by it any more. */
const RETIRED = ' retired'

const parse = (path: string, text: string): InstanceKeys => {
  const lines = text.split('\n').map((line) => line.trim())
  const filled = lines.filter((line) => line !== '')
  const last = filled.at(-1) ?? ''
  const isRetired = last.endsWith(RETIRED)
  const oldest = isRetired ? last.slice(0, -RETIRED.length).trimEnd() : last
  const written = [...filled.slice(0, -1), oldest]
  if (!written.every((key) => KEY.test(key)))
    throw new KeyFileUnfit(
      `${path}: must hold at least 32 random bytes in base64url (43 characters) on every line`,
    )
  const bytes = written.map((key) => new Uint8Array(Buffer.from(key, 'base64url')))
  const root = bytes.at(-1) as Uint8Array
  const [current, ...former] = isRetired ? bytes.slice(0, -1) : bytes
  if (current === undefined)
    throw new KeyFileUnfit(`${path}: its only key is retired, so none is left to sign sessions`)
  return { root, signers: [current, ...former] }
}

/**
 * Reads the instance keys, newest first, or makes one (256 random bits, mode 0600) where there is no file. Two processes
 * that start at once agree on one. There is no built-in value. Throws `KeyFileUnfit`.
 */
export const openInstanceKeys = (path: string): InstanceKeys => {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new KeyFileUnfit(
        `${path}: cannot be made (${(cause as NodeJS.ErrnoException).code})`,
        cause,
      )
  }
  try {
    return parse(path, readFileSync(path, 'utf8'))
  } catch (cause) {
    if (cause instanceof KeyFileUnfit) throw cause
    throw new KeyFileUnfit(
      `${path}: cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      cause,
    )
  }
}
