import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
const IV = 12
const TAG = 16

/** AES-256-GCM: what may hold a secret and has to lie in the store for a while. Base64 of IV, tag and content. */
export const seal = (key: Uint8Array, content: Uint8Array): string => {
  const iv = randomBytes(IV)
  const cipher = createCipheriv(CIPHER, key, iv)
  const body = Buffer.concat([cipher.update(content), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')
}

/** Undoes `seal`. Throws where the content is not ours or was changed. */
export const unseal = (key: Uint8Array, sealed: string): Buffer => {
  const bytes = Buffer.from(sealed, 'base64')
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV))
  decipher.setAuthTag(bytes.subarray(IV, IV + TAG))
  return Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()])
}
