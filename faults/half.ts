import { createHash } from 'node:crypto'

/** What a secret is called in a history: never the secret itself. */
export const halfOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url').slice(0, 22)
