import { claimFactsPath } from './paths.ts'
import { type Reply, send, V1 } from './send.ts'

/** What came of a sign-in or a sign-up. */
export type SignInAnswer =
  | { readonly kind: 'in' }
  | { readonly kind: 'wrong' | 'unreachable' | 'taken' | 'closed' }
  | { readonly kind: 'held'; readonly until: number }

/** Who is signed in. */
export type Account = { readonly email: string; readonly token: string; readonly expiresAt: number }

export type Credentials = { readonly email: string; readonly password: string }

const KEPT = 'latchkey-session'

const kept = (storage: Storage): Account | undefined => {
  try {
    const account = JSON.parse(storage.getItem(KEPT) ?? 'null') as Account | null
    return account !== null && Date.now() < account.expiresAt ? account : undefined
  } catch {
    return undefined
  }
}

const failureOf = ({ status, body }: Reply): SignInAnswer => {
  switch (status) {
    case 429:
      return { kind: 'held', until: Date.now() + (Number(body.retryAfterMs) || 1000) }
    case 400:
    case 401:
      return { kind: 'wrong' }
    case 403:
      return { kind: 'closed' }
    case 409:
      return { kind: 'taken' }
    default:
      return { kind: 'unreachable' }
  }
}

/** Whether the project lets anyone make an account. */
export const asksForSignUp = async (project: string | undefined): Promise<boolean> => {
  try {
    return (await send('GET', claimFactsPath(project), undefined)).body.signUp === true
  } catch {
    return false
  }
}

/**
 * The account of this tab. Its token lies in `sessionStorage`: it outlives a reload, which phones do by themselves, and goes
 * with the tab; nothing sends it but this page's own script.
 */
export const createSession = (storage: Storage, project: string | undefined) => {
  let account = kept(storage)
  const realm = project === undefined ? {} : { project }

  const attempt = async (ask: () => Promise<SignInAnswer>): Promise<SignInAnswer> => {
    try {
      return await ask()
    } catch {
      // A network that is away is all that `fetch` throws for.
      return { kind: 'unreachable' }
    }
  }

  const signIn = (who: Credentials): Promise<SignInAnswer> =>
    attempt(async () => {
      const reply = await send('POST', `${V1}/sessions`, { ...who, ...realm })
      if (reply.status !== 201) return failureOf(reply)
      const { token, expiresAt } = reply.body
      account = {
        email: who.email,
        token: String(token),
        expiresAt: Date.parse(String(expiresAt)),
      }
      storage.setItem(KEPT, JSON.stringify(account))
      return { kind: 'in' }
    })

  const signUp = (who: Credentials): Promise<SignInAnswer> =>
    attempt(async () => {
      const reply = await send('POST', `${V1}/users`, { ...who, ...realm })
      return reply.status === 201 ? signIn(who) : failureOf(reply)
    })

  const forget = (): void => {
    account = undefined
    storage.removeItem(KEPT)
  }

  const signOut = async (): Promise<void> => {
    const token = account?.token
    forget()
    await attempt(async () => {
      await send('DELETE', `${V1}/sessions`, undefined, token)
      return { kind: 'in' }
    })
  }

  return { account: () => account, signIn, signUp, signOut, forget }
}

export type Session = ReturnType<typeof createSession>
