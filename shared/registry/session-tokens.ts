import { jwtVerify, SignJWT } from 'jose'
import { type Static, Type } from 'typebox'
import { checker } from '../check.ts'
import type { Digests } from '../guard/digests.ts'
import type { ProjectId, UserId } from '../model/ids.ts'
import type { RegistryContext } from './context.ts'

/** `access` opens the API; `refresh` only gets a new pair. Neither stands for the other. */
export type Purpose = 'access' | 'refresh'

/** What a token says. Good only while its session record is there and the user's generation is the same. */
export type Claims = {
  readonly userId: UserId
  readonly project: ProjectId
  readonly sid: string
  readonly generation: number
  readonly purpose: Purpose
  readonly expiresAt: number
}

/** A token as it is handed out. `id` is its `jti`; times in epoch ms, on whole seconds. */
export type Token = {
  readonly token: string
  readonly id: string
  readonly issuedAt: number
  readonly expiresAt: number
}

/** What a token is to say. `extra` are a dialect's own public claims; `subject` its own word for the user. */
export type Wanted = Omit<Claims, 'expiresAt'> & {
  readonly ttlMs: number
  readonly subject: string
  readonly extra: Readonly<Record<string, unknown>>
  /** Of a token that is spelled again, so that it is the same text: its `jti`, and when it was first issued. */
  readonly first?: { readonly id: string; readonly at: number }
}

const ALGORITHM = 'HS256'
const TYPE = 'JWT'
const ISSUER = 'latchkey'
const AUDIENCE = 'latchkey'
/** Clocks of two nodes may differ by this much when one reads what the other has just issued. */
const CLOCK_SKEW_S = 30
/** The last second that a date can say. */
const LAST_SECOND = 8_640_000_000_000

const Text = Type.String({ minLength: 1, maxLength: 255 })
const Second = Type.Integer({ minimum: 0, maximum: LAST_SECOND })

// `extra` stands beside these, so other members are let through; nothing reads them here.
const Payload = Type.Object({
  iss: Type.Literal(ISSUER),
  aud: Type.Literal(AUDIENCE),
  sub: Text,
  jti: Text,
  iat: Second,
  exp: Second,
  userId: Text,
  prj: Text,
  sid: Text,
  gen: Type.Integer({ minimum: 0 }),
  use: Type.Union([Type.Literal('access'), Type.Literal('refresh')]),
})
const payloadOf = checker(Payload)

// What a header may say, and nothing else: no `crit`, `jku`, `jwk`, `x5u` is followed or passed over (RFC 8725 3.10).
const Header = Type.Object(
  { alg: Type.Literal(ALGORITHM), typ: Type.Literal(TYPE), kid: Text },
  { additionalProperties: false },
)
const headerOf = checker(Header)

const claimsOf = ({ userId, prj, sid, gen, use, exp }: Static<typeof Payload>): Claims => ({
  userId: userId as UserId,
  project: prj as ProjectId,
  sid,
  generation: gen,
  purpose: use,
  expiresAt: exp * 1000,
})

/** The one kind of token: a JWT by us, for us, naming the key that signed it. research/security.md S86, S87. */
export const createSessionTokens = ({
  digests,
  now,
  newId,
}: Pick<RegistryContext, 'now' | 'newId'> & {
  readonly digests: Pick<Digests, 'sessionKey' | 'sessionKeys'>
}) => {
  const { kid, key } = digests.sessionKey

  const sign = async ({ ttlMs, subject, extra, first, ...claims }: Wanted): Promise<Token> => {
    const at = first?.at ?? now()
    const issuedAt = Math.floor(at / 1000)
    const expiresAt = Math.floor((at + ttlMs) / 1000)
    const id = first?.id ?? newId()
    const { userId, project: prj, sid, generation: gen, purpose: use } = claims
    const token = await new SignJWT({ ...extra, userId, prj, sid, gen, use })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setJti(id)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(key)
    return { token, id, issuedAt: issuedAt * 1000, expiresAt: expiresAt * 1000 }
  }

  const keyOf = (header: unknown): Uint8Array => {
    const known = headerOf(header)
    const signer = known.ok ? digests.sessionKeys.get(known.value.kid) : undefined
    if (signer === undefined) throw new Error('not a header of ours')
    return signer.key
  }

  /** What a token says, if we signed it and it is of our form and its time. */
  const read = async (token: string): Promise<Claims | undefined> => {
    const options = { algorithms: [ALGORITHM], currentDate: new Date(now()) }
    // All that can be thrown in here is about the token: there is no outage to be hidden.
    const verified = await jwtVerify(token, keyOf, options).catch(() => undefined)
    const payload = payloadOf(verified?.payload)
    if (!payload.ok || payload.value.iat > now() / 1000 + CLOCK_SKEW_S) return undefined
    return claimsOf(payload.value)
  }

  return { sign, read }
}
