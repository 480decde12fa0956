import { createHash, createHmac, hkdfSync } from 'node:crypto'
import type { DeviceId, Digest, ProjectId } from '../model/ids.ts'

/** A key among several of one purpose: `kid` tells, where something was made by it, which one it is. */
export type SessionKey = { readonly kid: string; readonly key: Uint8Array }

/** What is derived from the instance keys. Nothing here can be turned back into a secret. */
export type Digests = {
  /** Digest of a claim secret, different for every device: low entropy is safe as long as the key is. */
  secret(device: DeviceId | string, secret: string): Digest
  /** The one credential of a device: 43 base64url characters, made again from its id at any time. */
  deviceToken(device: DeviceId, renewal: number): string
  /** The key that is printed for a device's box: `count` values from 0 to `below` - 1, made again from its id at any time. */
  boxKeyValues(device: DeviceId, count: number, below: number): readonly number[]
  /** Signs what a webhook is told: 43 base64url characters, made again from its id. */
  webhookKey(id: string): string
  /** Signs sessions (HS256). */
  readonly sessionKey: SessionKey
  /** All that verify sessions, by `kid`. */
  readonly sessionKeys: ReadonlyMap<string, SessionKey>
  /** Derives what is mailed: the present key, and all that something waiting may have been derived from. */
  readonly mailKey: SessionKey
  readonly mailKeys: ReadonlyMap<string, SessionKey>
  /** Seals replies that are kept for an Idempotency-Key. */
  readonly replyKey: Uint8Array
  /** Seals files that wait to be worked on. */
  readonly spoolKey: Uint8Array
}

/** Looks up what has full entropy already: device credentials, keys, activation tokens. */
export const lookupDigest = (token: string): string =>
  createHash('sha256').update(token).digest('base64url')

/** Digest of the code that is printed on a device, under which it is found: another one in each project. */
export const printedDigest = (
  { secret }: Pick<Digests, 'secret'>,
  project: ProjectId,
  code: string,
): Digest => secret(`printed ${project}`, code)

/** The public 43-character name of a device: no secret, made of its id. */
export const thingIdOf = (device: DeviceId): string =>
  createHash('sha256').update(`thing ${device}`).digest('base64url')

const derive = (key: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, 'latchkey', purpose, 32))

const keyOf = (instanceKey: Uint8Array, purpose: string): SessionKey => {
  const key = derive(instanceKey, purpose)
  return { kid: createHash('sha256').update(key).digest('base64url').slice(0, 8), key }
}

/** Digits of a number of 256 bits: fifteen of 31 are uneven by less than 2^-181. */
const valuesOf = (hex: string, count: number, below: number): readonly number[] => {
  let rest = BigInt(`0x${hex}`)
  return Array.from({ length: count }, () => {
    const value = Number(rest % BigInt(below))
    rest /= BigInt(below)
    return value
  })
}

/**
 * One key in, one key for every purpose out (RFC 5869). `root` is what devices and claim secrets hang on and never
 * changes; sessions are signed, and what is mailed is derived, by the first of `signers`, and known by all of them.
 */
export const createDigests = (
  root: Uint8Array,
  signers: readonly [Uint8Array, ...Uint8Array[]] = [root],
): Digests => {
  const secretKey = derive(root, 'claim secret')
  const deviceKey = derive(root, 'device credential')
  const boxKey = derive(root, 'box key')
  const webhooksKey = derive(root, 'webhook')
  const keysFor = (purpose: string) => signers.map((signer) => keyOf(signer, purpose))
  const byKid = (ring: readonly SessionKey[]) => new Map(ring.map((one) => [one.kid, one]))
  return {
    secret: (device, secret) =>
      createHmac('sha256', secretKey).update(`${device}\n${secret}`).digest('base64url') as Digest,
    deviceToken: (device, renewal) =>
      createHmac('sha256', deviceKey).update(`${device}\n${renewal}`).digest('base64url'),
    boxKeyValues: (device, count, below) =>
      valuesOf(createHmac('sha256', boxKey).update(device).digest('hex'), count, below),
    webhookKey: (id) => createHmac('sha256', webhooksKey).update(id).digest('base64url'),
    sessionKey: keyOf(signers[0], 'session'),
    sessionKeys: byKid(keysFor('session')),
    mailKey: keyOf(signers[0], 'mail'),
    mailKeys: byKid(keysFor('mail')),
    replyKey: derive(root, 'kept reply'),
    spoolKey: derive(root, 'spooled file'),
  }
}
