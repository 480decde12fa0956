import type { App, Device } from './app.ts'
import { type Asked, ask, type Client } from './asking.ts'
import { ADMIN } from './system.ts'

const V1 = '/latchkey/v1'
const PASSWORD = 'a-good-password'

/** What has to work before anything is broken. */
export const must = <T>({ answer, why }: Asked, status: number): T => {
  if (answer?.status !== status)
    throw new Error(`expected ${status}: ${why} ${JSON.stringify(answer?.body)}`)
  return answer.body as T
}

export type Session = {
  readonly token: string
  readonly user: { readonly id: string; readonly home: string; readonly project: string }
}

/** Signs in; `undefined` when nobody answers. */
export const signIn = async (
  client: Client,
  email: string,
  password: string = PASSWORD,
): Promise<Session | undefined> => {
  const body = { email, password }
  const { answer } = await ask(client, { method: 'POST', path: `${V1}/sessions`, body })
  return answer?.status === 201 ? (answer.body as Session) : undefined
}

const appOf = (client: Client, session: Session | undefined, isMaker: boolean): App => {
  if (session === undefined) throw new Error(`${client.name} cannot sign in`)
  const home = isMaker ? 'the maker' : session.user.home
  return { ...client, token: session.token, home, isMaker }
}

/** The maker, signed in. */
export const signInMaker = async (client: Client): Promise<App> =>
  appOf(client, await signIn(client, ADMIN.email, ADMIN.password), true)

/** Makes an account that may claim, and signs it in. */
export const makeApp = async (client: Client): Promise<App> => {
  const body = { email: `${client.name}@example.com`, password: PASSWORD }
  must(await ask(client, { method: 'POST', path: `${V1}/users`, body }), 201)
  return appOf(client, await signIn(client, body.email), false)
}

/** Makes a device. */
export const makeDevice = async (maker: App, name: string, gateway = false): Promise<Device> => {
  const body = gateway ? { name, gateway } : { name }
  const path = `${V1}/devices`
  const asked = await ask(maker, { method: 'POST', path, body, token: maker.token })
  const { id, token } = must<{ id: string; token: string }>(asked, 201)
  return { id, name, token }
}
