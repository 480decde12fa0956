import { Unreachable } from './command.ts'

/** What came back: JSON, or nothing that could be read. */
export type Reply = {
  readonly status: number
  readonly location: string | undefined
  readonly retryAfterMs: number | undefined
  readonly body: Readonly<Record<string, unknown>>
}

const V1 = '/latchkey/v1'
const PATIENCE_MS = 35_000

const wordsOf = (thrown: unknown): string => {
  const { cause, message } = thrown as Error
  return cause instanceof Error && cause.message !== '' ? cause.message : message
}

const replyOf = async (response: Response): Promise<Reply> => {
  const body: unknown = await response.json().catch(() => ({}))
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    status: response.status,
    location: response.headers.get('location') ?? undefined,
    retryAfterMs: Number.isNaN(retryAfter) ? undefined : retryAfter * 1000,
    body: typeof body === 'object' && body !== null ? { ...body } : {},
  }
}

/** Asks one server, for one account or none. `Unreachable` where there is no answer, or one of the 5xx kind. */
export const createAsk = (url: string, token?: string) => {
  const send = async (path: string, init: RequestInit & { duplex?: 'half' }) => {
    const response = await fetch(url + (path.startsWith(V1) ? path : V1 + path), {
      ...init,
      redirect: 'error',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(init.headers as Record<string, string>),
      },
    }).catch((error: unknown) => {
      throw new Unreachable(`no answer from ${url}: ${wordsOf(error)}`)
    })
    if (response.status >= 500) throw new Unreachable(`${url} answers ${response.status}`)
    return response
  }

  return {
    json: async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply> =>
      replyOf(
        await send(path, {
          method,
          signal: AbortSignal.timeout(PATIENCE_MS),
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      ),

    /** Sends a file as it is read. */
    file: async (
      path: string,
      content: ReadableStream<Uint8Array>,
      headers: Readonly<Record<string, string>>,
    ): Promise<Reply> =>
      replyOf(await send(path, { method: 'POST', body: content, duplex: 'half', headers })),

    /** A body as it comes in. */
    stream: async (path: string): Promise<AsyncIterable<Uint8Array>> => {
      const { body, status } = await send(path, { method: 'GET' })
      if (status !== 200 || body === null) throw new Unreachable(`${url} answers ${status}`)
      return body
    },
  }
}

export type Ask = ReturnType<typeof createAsk>
