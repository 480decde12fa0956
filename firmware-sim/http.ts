import { Unreachable, wordsOf } from './failure.ts'
import { parseJson } from './json.ts'

/** One request, as a platform's row describes it. `path` begins with a slash and is already encoded. */
export type HttpCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/** What came back. `body` is the parsed JSON, or the text when it is none. */
export type Reply = {
  readonly status: number
  readonly body: unknown
  readonly location: string | undefined
}

/** Sends one request. Rejects with `Unreachable` when there is no answer, or one of the 5xx kind. */
export type Send = (call: HttpCall) => Promise<Reply>

/** Whether the server did what was asked. */
export const isDone = (reply: Reply): boolean => reply.status >= 200 && reply.status < 300

/** A sender to one server. `headers` go with every request; `timeoutMs` (default 35 s) bounds each. */
export const httpSender = (options: {
  url: string
  headers?: Readonly<Record<string, string>>
  timeoutMs?: number
}): Send => {
  const root = options.url.replace(/\/+$/, '')
  return async ({ method, path, body }) => {
    const response = await fetch(root + path, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(options.timeoutMs ?? 35_000),
    }).catch((error: unknown) => {
      throw new Unreachable(`no answer from ${root}: ${wordsOf(error)}`, { cause: error })
    })
    if (response.status >= 500) throw new Unreachable(`${root} answers ${response.status}`)
    const words = await response.text()
    return {
      status: response.status,
      body: parseJson(words) ?? words,
      location: response.headers.get('location') ?? undefined,
    }
  }
}
