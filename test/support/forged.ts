import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { createDigests, type SessionKey } from '../../shared/guard/digests.ts'
import { openInstanceKeys } from '../../shared/guard/instance-key.ts'

/** A header or a payload of a token; `undefined` leaves a member out. */
export type Part = Readonly<Record<string, unknown>>

const encoded = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

const HASHES = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])

/** A token of any header and payload, with a right signature of that algorithm (an unknown one: none). */
export const tokenOf = (header: Part | string, payload: Part | string, key: Uint8Array): string => {
  const text = `${encoded(header)}.${encoded(payload)}`
  const alg = typeof header === 'string' ? 'HS256' : String(header.alg)
  const hash = HASHES.get(alg)
  return `${text}.${hash === undefined ? '' : createHmac(hash, key).update(text).digest('base64url')}`
}

/** The same signed with an RSA key of our own, and that key's public half. */
export const rsaToken = (header: Part, payload: Part) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const text = `${encoded(header)}.${encoded(payload)}`
  const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64url')
  return { token: `${text}.${signature}`, publicKey }
}

/** What the parts of a token say. */
export const partsOfToken = (token: string): { header: Part; payload: Part } => {
  const [header = '', payload = ''] = token.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Part
  return { header: read(header), payload: read(payload) }
}

/** The key that a server with this key file signs sessions with. */
export const sessionKeyIn = (keyFile: string): SessionKey => {
  const { root, signers } = openInstanceKeys(keyFile)
  return createDigests(root, signers).sessionKey
}
