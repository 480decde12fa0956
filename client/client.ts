import { CALLS, type Calls, type Claim, type CloudEvent, type Session } from './api.ts'
import { type Ask, createAsk, type TokenSource } from './ask.ts'
import { untilDecided } from './decided.ts'
import { type EventsOptions, hear } from './events.ts'
import { type Given, requestOf } from './request.ts'
import type { Result } from './result.ts'

/** Which server, for whom. */
export type ClientOptions = {
  /** Its address: `https://devices.example`. */
  readonly server: string
  /** Of a session there is already, or what gives one whenever it is needed. It is kept in memory only. */
  readonly token?: string | TokenSource
  /** How long an answer, or the first byte of a stream, may take until it counts as lost. 15000 if nothing is said. */
  readonly patienceMs?: number
}

/** What every call takes besides. */
export type CallOptions = { readonly signal?: AbortSignal }

/** Every call of the native API by its operation id, as /docs of a server lists them. */
export type CallsOf = {
  readonly [Name in keyof Calls]: (
    // Where nothing has to be given, nothing need be.
    ...given: Calls[Name]['given'] extends undefined
      ? [given?: undefined, options?: CallOptions]
      : object extends Calls[Name]['given']
        ? [given?: Calls[Name]['given'], options?: CallOptions]
        : [given: Calls[Name]['given'], options?: CallOptions]
  ) => Promise<Result<Calls[Name]['answer']>>
}

/** A Latchkey, asked for one account. */
export type Client = CallsOf & {
  /** The token of the account; `undefined`: nobody is signed in. */
  readonly token: () => Promise<string | undefined>
  /** Waits until a claim is no longer `waiting`. It ends by itself, since what waits expires. */
  readonly untilDecided: (claim: string, options?: CallOptions) => Promise<Result<Claim>>
  /** Everything that the account may hear of, live; it goes on by itself. */
  readonly events: (options?: EventsOptions) => AsyncGenerator<CloudEvent, never>
}

const PATIENCE_MS = 15_000

const callsOf = ({ call }: Ask): CallsOf => {
  const rows = Object.entries(CALLS).map(([name, place]) => [
    name,
    async (given: Given = {}, { signal }: CallOptions = {}) => {
      const request = requestOf(place, given)
      return 'ok' in request ? request : call(request, signal)
    },
  ])
  // Each row has the types of its name: both lists are written from the same document.
  return Object.fromEntries(rows) as CallsOf
}

/** Asks a Latchkey over its native API. Runs in browsers and in Node; depends on nothing. */
export const createClient = ({
  server,
  token,
  patienceMs = PATIENCE_MS,
}: ClientOptions): Client => {
  let own = typeof token === 'string' ? token : undefined
  const tokenOf: TokenSource = async (isOver) => {
    if (typeof token === 'function' && (own === undefined || isOver)) return token(isOver)
    return own
  }
  const ask = createAsk({ server: server.replace(/\/+$/, ''), tokenOf, patienceMs })
  const calls = callsOf(ask)
  return {
    ...calls,
    token: () => tokenOf(false),

    signIn: async (...given) => {
      const result: Result<Session> = await calls.signIn(...given)
      if (result.ok) own = result.value.token
      return result
    },
    signOut: async (...given) => {
      const result = await calls.signOut(...given)
      own = undefined
      return result
    },

    untilDecided: (claim, { signal } = {}) => untilDecided(ask, patienceMs, claim, signal),
    events: (options = {}) => hear(ask, patienceMs, options),
  }
}
