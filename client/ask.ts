import type { Problem } from './api.ts'
import { backoffMs, pause } from './pause.ts'
import type { Request } from './request.ts'
import { type Refused, type Result, Unreachable } from './result.ts'

const V1 = '/latchkey/v1'
/** How often a call is sent at most. */
const MOST_TRIES = 4
/** A server that wants more time than that is told of instead. */
const LONGEST_WAIT_MS = 5000

/** Gives the token of the account; `isOver`: the last one was refused. `undefined`: nobody is signed in. */
export type TokenSource = (isOver: boolean) => Promise<string | undefined>

/** Where to ask, and for whom. `server`: without a slash at the end. */
export type AskOptions = {
  readonly server: string
  readonly tokenOf: TokenSource
  readonly patienceMs: number
}

/** A token is for this server alone, and its answers for nobody else. */
const PRIVATE = { credentials: 'omit', cache: 'no-store', redirect: 'error' } as const

type Headers = Readonly<Record<string, string>>

/** A whole answer. `body`: JSON; `undefined` for none. */
type Reply = {
  readonly status: number
  readonly body: unknown
  readonly isProblem: boolean
  readonly claim: string | undefined
}

/**
 * Reads may be repeated; a POST under its `Idempotency-Key`, which is the same each time (CONTRACT 2). PUT, PATCH and DELETE
 * may not: what they change may have been changed by somebody else meanwhile.
 */
const isRepeatable = ({ method }: Request): boolean => method === 'GET' || method === 'POST'

/** Not `randomUUID`, which a page has over HTTPS only. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')

/** The signal of the caller, and the end of our patience. */
const within = (ms: number, signal: AbortSignal | undefined): AbortSignal =>
  signal === undefined
    ? AbortSignal.timeout(ms)
    : AbortSignal.any([signal, AbortSignal.timeout(ms)])

const claimIn = (location: string | null): string | undefined =>
  /\/claims\/([^/?#]+)$/.exec(location ?? '')?.[1]

const read = async (response: Response): Promise<Reply> => {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return {
    status: response.status,
    // What cannot be parsed is thrown, and is no answer of ours.
    body: text === '' ? undefined : JSON.parse(text),
    isProblem: type.startsWith('application/problem+json'),
    claim: claimIn(response.headers.get('location')),
  }
}

const problemIn = ({ isProblem, body }: Reply): Problem | undefined =>
  isProblem ? (body as Problem) : undefined

/** The answer as a value. Types are those of the schemas: the server is trusted to send what it describes. */
const resultOf = <T>(reply: Reply): Result<T> => {
  const { status, body } = reply
  const claim = reply.claim === undefined ? {} : { claim: reply.claim }
  if (status < 300) return { ok: true, status, value: body as T, ...claim }
  const problem = problemIn(reply)
  if (problem === undefined) throw new Unreachable(`an answer ${status} that is none of Latchkey's`)
  return { ok: false, status, reason: problem.reason, problem, ...claim }
}

/** Why something was not opened. Throws where that is no refusal. */
export const refusalIn = async (response: Response): Promise<Refused> => {
  const reply = await read(response)
  const result = resultOf<unknown>(reply)
  if (result.ok || result.status >= 500) throw new Unreachable(`an answer ${reply.status}`)
  return result
}

/** How long to wait before a call is sent again; `undefined`: it is answered. `turn`: how often it was sent. */
const waitBefore = (reply: Reply, turn: number): number | undefined => {
  const wished = problemIn(reply)?.retryAfterMs
  // Ours came twice, and the first one is still being worked on.
  const isTwin = reply.status === 409 && turn > 1 && wished !== undefined
  if (reply.status < 500 && !isTwin) return undefined
  return Math.min(wished ?? backoffMs(turn), LONGEST_WAIT_MS)
}

/** Asks one server. `Unreachable` where there is no answer after some tries; the signal's reason where it was given up. */
export const createAsk = ({ server, tokenOf, patienceMs }: AskOptions) => {
  /** Sends with the token of the account; one that is over is asked for once more. */
  const open = async (
    path: string,
    init: { readonly method: string; readonly headers: Headers; readonly body?: string },
    signal: AbortSignal,
  ): Promise<Response> => {
    const send = (token: string | undefined) =>
      fetch(`${server}${V1}${path}`, {
        ...init,
        ...PRIVATE,
        signal,
        headers: {
          ...init.headers,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      })
    const token = await tokenOf(false)
    const response = await send(token)
    if (response.status !== 401 || token === undefined) return response
    const another = await tokenOf(true)
    if (another === undefined || another === token) return response
    await response.body?.cancel()
    return send(another)
  }

  const once = async (
    { method, path, body, waitMs }: Request,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<Reply> => {
    const headers = {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'POST' ? { 'idempotency-key': key } : {}),
    }
    const init = { method, headers, ...(body === undefined ? {} : { body }) }
    return read(await open(path, init, within(patienceMs + waitMs, signal)))
  }

  const call = async <T>(request: Request, signal?: AbortSignal): Promise<Result<T>> => {
    const key = newKey()
    for (let turn = 1; ; turn += 1) {
      const isLast = turn === MOST_TRIES || !isRepeatable(request)
      const reply = await once(request, key, signal).catch((cause: unknown) => {
        if (signal?.aborted) throw signal.reason
        if (isLast) throw new Unreachable(`no answer from ${server}`, cause)
        return undefined
      })
      const wait = reply === undefined ? backoffMs(turn) : waitBefore(reply, turn)
      if (reply !== undefined && (wait === undefined || (isLast && reply.status < 500)))
        return resultOf(reply)
      if (reply !== undefined && isLast)
        throw new Unreachable(`${server} answers ${reply.status}`, undefined, problemIn(reply))
      await pause(wait ?? 0, signal)
    }
  }

  return { call, open }
}

export type Ask = ReturnType<typeof createAsk>
