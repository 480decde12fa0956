import { createHash, createHmac, hkdfSync } from 'node:crypto'
import type { DeviceId, Digest } from '../model/ids.ts'

/** What is derived from the instance key. Nothing here can be turned back into a secret. */
export type Digests = {
  /** Digest of a claim secret, different for every device: low entropy is safe as long as the key is. */
  secret(device: DeviceId | string, secret: string): Digest
  /** The one credential of a device: 43 base64url characters, made again from its id at any time. */
  deviceToken(device: DeviceId, renewal: number): string
  /** Signs sessions (HS256). */
  readonly sessionKey: Uint8Array
  /** Seals replies that are kept for an Idempotency-Key. */
  readonly replyKey: Uint8Array
}

/** Looks up what has full entropy already: device credentials, keys, activation tokens. */
export const lookupDigest = (token: string): string =>
  createHash('sha256').update(token).digest('base64url')

/** The public 43-character name of a device: no secret, made of its id. */
export const thingIdOf = (device: DeviceId): string =>
  createHash('sha256').update(`thing ${device}`).digest('base64url')

const derive = (key: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, 'latchkey', purpose, 32))

/** One key in, one key for every purpose out (RFC 5869). */
export const createDigests = (instanceKey: Uint8Array): Digests => {
  const secretKey = derive(instanceKey, 'claim secret')
  const deviceKey = derive(instanceKey, 'device credential')
  return {
    secret: (device, secret) =>
      createHmac('sha256', secretKey).update(`${device}\n${secret}`).digest('base64url') as Digest,
    deviceToken: (device, renewal) =>
      createHmac('sha256', deviceKey).update(`${device}\n${renewal}`).digest('base64url'),
    sessionKey: derive(instanceKey, 'session'),
    replyKey: derive(instanceKey, 'kept reply'),
  }
}
