import { createHash, createHmac } from 'node:crypto'
import type { Digests } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'

/** What a secret is derived from, together with the instance key: alone it tells nothing. `kid` names that key. */
export type Seed = {
  readonly purpose: string
  readonly place: string
  readonly id: string
  readonly kid: string
}

const PROJECT_BYTES = 16
const PLACE_BYTES = 12
const PROOF_BYTES = 20
const TOKEN = /^[A-Za-z0-9_-]{64}$/
const CODES = 1_000_000

/** Where the one token of a purpose and subject lies in its project. */
export const placeOf = (purpose: string, subject: string): string =>
  createHash('sha256')
    .update(`${purpose}\n${subject}`)
    .digest()
    .subarray(0, PLACE_BYTES)
    .toString('base64url')

const bytesOf = (project: ProjectId) => Buffer.from(project.replaceAll('-', ''), 'hex')

const projectOf = (bytes: Buffer) =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as ProjectId

/** Where a token says that it belongs. `undefined`: it is none of ours. */
export const partsOf = (token: string) => {
  if (!TOKEN.test(token)) return undefined
  const bytes = Buffer.from(token, 'base64url')
  const place = bytes.subarray(PROJECT_BYTES, PROJECT_BYTES + PLACE_BYTES).toString('base64url')
  return { project: projectOf(bytes.subarray(0, PROJECT_BYTES)), place }
}

const proofOf = (digests: Digests, project: ProjectId, seed: Seed): Buffer | undefined => {
  const signer = digests.mailKeys.get(seed.kid)
  if (signer === undefined) return undefined
  const { purpose, place, id } = seed
  return createHmac('sha256', signer.key).update(`${purpose}\n${project}\n${place}\n${id}`).digest()
}

/** The token of a seed: project (16 bytes), place (12), HMAC (20) in base64url. `undefined`: this node does not have the key. */
export const spellToken = (
  digests: Digests,
  project: ProjectId,
  seed: Seed,
): string | undefined => {
  const proof = proofOf(digests, project, seed)?.subarray(0, PROOF_BYTES)
  if (proof === undefined) return undefined
  const place = Buffer.from(seed.place, 'base64url')
  return Buffer.concat([bytesOf(project), place, proof]).toString('base64url')
}

/** The code of a seed: six digits. */
export const spellCode = (digests: Digests, project: ProjectId, seed: Seed): string | undefined => {
  const proof = proofOf(digests, project, seed)
  return proof && String(proof.readUIntBE(0, 6) % CODES).padStart(6, '0')
}
