import { send, V1 } from '../page/send.ts'

/** The letters that lead here, by the end of their path. */
export const KINDS = ['verify-email', 'reset-password', 'member-invite', 'transfer'] as const
export type Kind = (typeof KINDS)[number]

/** A letter whose token is still good. */
export type Letter = {
  readonly kind: Kind
  readonly token: string
  /** The project's name. */
  readonly project: string
  readonly choosesPassword: boolean
  /** What a transfer is about. */
  readonly device: string | undefined
}

/** Why nothing came of it: why the letter is good for nothing, or that nobody answered. */
export type Failure = 'gone' | 'too-old' | 'answered' | 'unreachable'

export type Looked = Letter | { readonly failure: Failure }

const REASONS: ReadonlyMap<unknown, Failure> = new Map([
  ['token-expired', 'too-old'],
  ['epoch-changed', 'answered'],
])

const failureOf = (status: number, reason: unknown): Failure =>
  status >= 500 || status === 429 ? 'unreachable' : (REASONS.get(reason) ?? 'gone')

type Posted =
  | { readonly content: Readonly<Record<string, unknown>> }
  | { readonly failure: Failure }

const post = async (path: string, body: object): Promise<Posted> => {
  try {
    const { status, body: content } = await send('POST', `${V1}/${path}`, body)
    return status < 300 ? { content } : { failure: failureOf(status, content.reason) }
  } catch {
    // A network that is away is all that `fetch` throws for.
    return { failure: 'unreachable' }
  }
}

/** What a letter is good for. Its token is not used up by that. */
export const look = async (kind: Kind, token: string): Promise<Looked> => {
  const looked = await post('letter-tokens', { kind, token })
  if ('failure' in looked) return looked
  const { project, choosesPassword, device } = looked.content
  return {
    ...{ kind, token, project: String(project), choosesPassword: choosesPassword === true },
    device: device === undefined ? undefined : String(device),
  }
}

/** What somebody answers to a letter. */
export type Given = {
  readonly password?: string
  readonly name?: string
  readonly approve?: boolean
}

const ANSWERED_AT: Readonly<Record<Kind, string>> = {
  'verify-email': 'email-verifications',
  'reset-password': 'passwords',
  'member-invite': 'invitation-answers',
  transfer: 'transfer-answers',
}

/** Answers a letter, which uses its token up. `undefined`: it is done. */
export const answer = async (
  { kind, token }: Letter,
  given: Given,
): Promise<Failure | undefined> => {
  const answered = await post(ANSWERED_AT[kind], { token, ...given })
  return 'failure' in answered ? answered.failure : undefined
}

/** Asks for a letter by which a new password can be set. `undefined`: it is on its way, if there is such an account. */
export const askForReset = async (
  email: string,
  project: string | undefined,
): Promise<Failure | undefined> => {
  const asked = await post('password-resets', {
    email,
    ...(project === undefined ? {} : { project }),
  })
  return 'failure' in asked ? asked.failure : undefined
}
