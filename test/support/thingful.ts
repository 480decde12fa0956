import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { ADMIN } from './server.ts'

/** A reply with its headers and bytes as they came. */
export type RawReply = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** Sends exactly this over a connection of its own: no header is added but those of HTTP itself. */
export const sendRaw = async (
  httpUrl: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<RawReply> => {
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const sent = request(`${httpUrl}${path}`, {
    method,
    headers: { ...headers, ...length },
    agent: false,
  })
  sent.end(body)
  const [reply] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of reply) chunks.push(chunk as Buffer)
  return {
    status: reply.statusCode ?? 0,
    headers: reply.headers,
    text: Buffer.concat(chunks).toString(),
  }
}

/** The header of a signed-in caller. */
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** `POST /login` as the seed has it, without a content type. */
export const thingfulLogin = (
  httpUrl: string,
  { email, password }: { email: string; password: string } = ADMIN,
): Promise<RawReply> =>
  sendRaw(httpUrl, 'POST', '/login', {}, JSON.stringify({ username: email, password }))

/** The token of a new sign-in. */
export const thingfulToken = async (
  httpUrl: string,
  who?: { email: string; password: string },
): Promise<string> => {
  const reply = await thingfulLogin(httpUrl, who)
  if (reply.status !== 200) throw new Error(`login: ${reply.status} ${reply.text}`)
  return JSON.parse(reply.text).data.attributes.token
}

/** `GET /logout`. */
export const thingfulLogout = (httpUrl: string, token: string): Promise<RawReply> =>
  sendRaw(httpUrl, 'GET', '/logout', bearer(token))
