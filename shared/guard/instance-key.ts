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

const KEY = /^[A-Za-z0-9_-]{43,}$/

const read = (path: string): Uint8Array => {
  const text = readFileSync(path, 'utf8').trim()
  if (!KEY.test(text))
    throw new KeyFileUnfit(
      `${path}: must hold at least 32 random bytes in base64url (43 characters)`,
    )
  return new Uint8Array(Buffer.from(text, 'base64url'))
}

/**
 * Reads the instance key, or makes it (256 random bits, mode 0600) where there is none. Two processes that start at
 * once agree on one. There is no built-in value. Throws `KeyFileUnfit`.
 */
export const openInstanceKey = (path: string): Uint8Array => {
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
    return read(path)
  } catch (cause) {
    if (cause instanceof KeyFileUnfit) throw cause
    throw new KeyFileUnfit(
      `${path}: cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      cause,
    )
  }
}
