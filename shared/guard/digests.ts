import { createHash, createHmac, hkdfSync } from 'node:crypto'
import type { DeviceId, Digest } from '../model/ids.ts'

/** A key for sessions; `kid` tells in a token's header which one it is. */
export type SessionKey = { readonly kid: string; readonly key: Uint8Array }

/** What is derived from the instance keys. Nothing here can be turned back into a secret. */
export type Digests = {
  /** Digest of a claim secret, different for every device: low entropy is safe as long as the key is. */
  secret(device: DeviceId | string, secret: string): Digest
  /** The one credential of a device: 43 base64url characters, made again from its id at any time. */
  deviceToken(device: DeviceId, renewal: number): string
  /** Signs sessions (HS256). */
  readonly sessionKey: SessionKey
  /** All that verify sessions, by `kid`. */
  readonly sessionKeys: ReadonlyMap<string, SessionKey>
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

const sessionKeyOf = (instanceKey: Uint8Array): SessionKey => {
  const key = derive(instanceKey, 'session')
  return { kid: createHash('sha256').update(key).digest('base64url').slice(0, 8), key }
}

/**
 * One key in, one key for every purpose out (RFC 5869). `root` is what devices and claim secrets hang on and never
 * changes; sessions are signed by the first of `signers` and verified by all of them.
 */
export const createDigests = (
  root: Uint8Array,
  signers: readonly [Uint8Array, ...Uint8Array[]] = [root],
): Digests => {
  const secretKey = derive(root, 'claim secret')
  const deviceKey = derive(root, 'device credential')
  const [current, ...former] = signers
  const sessionKey = sessionKeyOf(current)
  const sessionKeys = [sessionKey, ...former.map(sessionKeyOf)]
  return {
    secret: (device, secret) =>
      createHmac('sha256', secretKey).update(`${device}\n${secret}`).digest('base64url') as Digest,
    deviceToken: (device, renewal) =>
      createHmac('sha256', deviceKey).update(`${device}\n${renewal}`).digest('base64url'),
    sessionKey,
    sessionKeys: new Map(sessionKeys.map((one) => [one.kid, one])),
    replyKey: derive(root, 'kept reply'),
  }
}
