import { type Reply, send, V1 } from '../page/send.ts'
import type { Saying, Words } from './words.ts'

/** Why there is no answer. `isMissing`: what was asked for is not there. */
export type Failure = { readonly kind: 'unreachable' } | ({ readonly kind: 'refused' } & Refusal)
type Refusal = {
  readonly status: number
  readonly reason: string | undefined
  readonly detail: string | undefined
}

/** What the server answered, or why it did not. */
export type Answer<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly failure: Failure }

type ApiOptions = {
  readonly token: () => string | undefined
  /** The session is over. */
  readonly onOver: () => void
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const refusalOf = ({ status, body }: Reply): Failure => ({
  kind: 'refused',
  status,
  reason: text(body.reason),
  detail: text(body.detail),
})

/** The native API, for who is signed in. */
export const createApi = ({ token, onOver }: ApiOptions) => {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    let reply: Reply
    try {
      reply = await send(method, `${V1}${path}`, body, token())
    } catch {
      // A network that is away is all that `fetch` throws for.
      return { ok: false, failure: { kind: 'unreachable' } }
    }
    if (reply.status === 401) onOver()
    if (reply.status >= 500) return { ok: false, failure: { kind: 'unreachable' } }
    if (reply.status >= 400) return { ok: false, failure: refusalOf(reply) }
    return { ok: true, body: reply.body as T }
  }

  /** What is no JSON, one way or the other. */
  const stream = async <T>(
    path: string,
    request: RequestInit,
    read: (reply: Response) => Promise<T>,
  ): Promise<Answer<T>> => {
    const headers = { ...request.headers, authorization: `Bearer ${token()}` }
    try {
      const reply = await fetch(`${V1}${path}`, {
        ...{ credentials: 'omit', cache: 'no-store', ...request, headers },
      })
      if (reply.status === 401) onOver()
      if (reply.ok) return { ok: true, body: await read(reply) }
      if (reply.status >= 500) return { ok: false, failure: { kind: 'unreachable' } }
      const body = (await reply.json().catch(() => ({}))) as Reply['body']
      return { ok: false, failure: refusalOf({ status: reply.status, body }) }
    } catch {
      // A network that is away, or goes away in between.
      return { ok: false, failure: { kind: 'unreachable' } }
    }
  }

  return {
    get: <T>(path: string) => ask<T>('GET', path),
    post: <T>(path: string, body?: unknown) => ask<T>('POST', path, body),
    put: <T>(path: string, body: unknown) => ask<T>('PUT', path, body),
    patch: <T>(path: string, body: unknown) => ask<T>('PATCH', path, body),
    remove: (path: string) => ask<object>('DELETE', path),
    /** Sends a file as it is; what is sent under the same key is done once. */
    send: <T>(path: string, file: Blob, type: string, key: string) =>
      stream(
        path,
        {
          ...{ method: 'POST', body: file },
          headers: { 'content-type': type, 'idempotency-key': key },
        },
        (reply) => reply.json() as Promise<T>,
      ),
    /** What a path answers, as it is. */
    fetch: (path: string) => stream(path, { method: 'GET' }, (reply) => reply.blob()),
  }
}

export type Api = ReturnType<typeof createApi>

/** A path with what is not `undefined` behind its question mark. */
export const withQuery = (
  path: string,
  query: Readonly<Record<string, string | undefined>>,
): string => {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as [string, string]],
  )
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}

/** A failure in people's words. */
export const sayingOf = (failure: Failure, words: Words): Saying => {
  if (failure.kind === 'unreachable') return words.failure.unreachable
  if (failure.status === 404) return words.failure.missing
  const [title, about] = words.failure.refused
  const [known] = words.reasons[failure.reason ?? ''] ?? []
  return [title, known ?? failure.detail ?? about]
}
