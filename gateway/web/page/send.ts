/** Where the native API lives. */
export const V1 = '/latchkey/v1'

/** A reply; the body is empty where it is no JSON. */
export type Reply = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

/** Asks our own server. Rejects only where there is no network. */
export const send = async (
  method: string,
  path: string,
  body: unknown,
  token?: string,
): Promise<Reply> => {
  const reply = await fetch(path, {
    method,
    credentials: 'omit',
    cache: 'no-store',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const content = (await reply.json().catch(() => ({}))) as Reply['body']
  return { status: reply.status, body: content }
}
