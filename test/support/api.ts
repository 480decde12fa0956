import { ADMIN } from './server.ts'

/** A reply as a test looks at it. */
export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test may look at any member of a reply
  readonly body: any
}

type Call = { readonly token?: string; readonly headers?: Record<string, string> }

/** The native API of one server, for one account (or none). */
export const api = (httpUrl: string, { token, headers = {} }: Call = {}) => {
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<Reply> => {
    const reply = await fetch(`${httpUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...more,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await reply.text()
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      parsed = undefined
    }
    return { status: reply.status, headers: reply.headers, text, body: parsed }
  }
  return {
    token,
    get: (path: string, more?: Record<string, string>) => send('GET', path, undefined, more),
    post: (path: string, body?: unknown, more?: Record<string, string>) =>
      send('POST', path, body, more),
    put: (path: string, body?: unknown) => send('PUT', path, body),
    patch: (path: string, body?: unknown) => send('PATCH', path, body),
    delete: (path: string) => send('DELETE', path),
  }
}

export type Api = ReturnType<typeof api>

const V1 = '/latchkey/v1'

/** Signs in and speaks for that account from then on. */
export const signIn = async (
  httpUrl: string,
  who: { email: string; password: string } = ADMIN,
): Promise<Api> => {
  const reply = await api(httpUrl).post(`${V1}/sessions`, who)
  if (reply.status !== 201) throw new Error(`sign-in: ${reply.status} ${reply.text}`)
  return api(httpUrl, { token: reply.body.token })
}

let people = 0

/** A new customer, signed in. */
export const customer = async (
  httpUrl: string,
): Promise<Api & { home: string; id: string; email: string }> => {
  people += 1
  const who = { email: `customer${people}@example.com`, password: 'customer-password' }
  const made = await api(httpUrl).post(`${V1}/users`, who)
  if (made.status !== 201) throw new Error(`sign-up: ${made.status} ${made.text}`)
  return {
    ...(await signIn(httpUrl, who)),
    home: made.body.home,
    id: made.body.id,
    email: who.email,
  }
}

let things = 0

/** A new device, with its credential. */
export const makeDevice = async (maker: Api, more: Record<string, unknown> = {}) => {
  things += 1
  const made = await maker.post(`${V1}/devices`, { name: `device-${things}`, ...more })
  if (made.status !== 201) throw new Error(`device: ${made.status} ${made.text}`)
  return made.body as { id: string; number: number; thingId: string; name: string; token: string }
}
