import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, api, signIn } from './api.ts'
import { eventually } from './mail.ts'
import type { TestServer } from './server.ts'

const V1 = '/latchkey/v1'
export const PASSWORD = 'a-user-password'
export const APP = 'controller_app'

/** Speaks with a key of the platform; without one for nobody. */
export const withKey = (httpUrl: string, key?: string): Api =>
  api(httpUrl, key === undefined ? {} : { headers: { authorization: `ModeCloud ${key}` } })

/** Sends any method, which the helper of the native API has not. */
export const send = async (
  httpUrl: string,
  method: string,
  path: string,
  { key, body }: { readonly key?: string | undefined; readonly body?: unknown } = {},
) => {
  const reply = await fetch(`${httpUrl}${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `ModeCloud ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await reply.text()
  return {
    status: reply.status,
    headers: reply.headers,
    text,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

export type ModeProject = { readonly id: string; readonly number: number; readonly maker: Api }

/** A project of its own, on a running server. */
export const modeProject = async (
  { httpUrl }: TestServer,
  accounts: 'email' | 'phone' | 'byou' = 'email',
): Promise<ModeProject> => {
  const maker = await signIn(httpUrl)
  const wanted = { name: randomUUID(), accounts, provisioning: 'pre' }
  const made = await maker.post(`${V1}/projects`, wanted)
  if (made.status !== 201) throw new Error(`project: ${made.status} ${made.text}`)
  return { id: made.body.id, number: made.body.number, maker }
}

/** A key of a project. */
export const projectKey = async (
  { id, maker }: ModeProject,
  grants?: readonly string[],
): Promise<string> => {
  const wanted = { name: 'backend', project: id, ...(grants === undefined ? {} : { grants }) }
  const made = await maker.post(`${V1}/project-keys`, wanted)
  if (made.status !== 201) throw new Error(`key: ${made.status} ${made.text}`)
  return made.body.key
}

export type ModeUser = {
  readonly id: number
  readonly email: string
  readonly key: string
  readonly native: Api
}

/** Signs in by e-mail, as the platform's apps do. */
export const modeSignIn = async (httpUrl: string, projectId: number, email: string) => {
  const body = { projectId, appId: APP, email, password: PASSWORD }
  const reply = await send(httpUrl, 'POST', '/auth/user', { body })
  if (reply.status !== 200) throw new Error(`sign-in: ${reply.status} ${reply.text}`)
  return { id: reply.body.userId as number, key: reply.body.token as string }
}

/** A user of an e-mail project, verified and signed in. */
export const modeUser = async (
  { httpUrl }: TestServer,
  project: ModeProject,
): Promise<ModeUser> => {
  const email = `${randomUUID()}@example.com`
  const wanted = { email, password: PASSWORD, project: project.id }
  const made = await project.maker.post(`${V1}/users`, wanted)
  if (made.status !== 201) throw new Error(`user: ${made.status} ${made.text}`)
  const signedIn = await modeSignIn(httpUrl, project.number, email)
  return { ...signedIn, email, native: api(httpUrl, { token: signedIn.key }) }
}

/** A home of a user's. */
export const modeHome = async ({ httpUrl }: TestServer, { key }: ModeUser, name = 'My Home') => {
  const made = await send(httpUrl, 'POST', '/homes', { key, body: { name } })
  if (made.status !== 201) throw new Error(`home: ${made.status} ${made.text}`)
  return made.body as { id: number; projectId: number; creationTime: string; name: string }
}

/** A device of the project, which a home owns if one is given. */
export const modeDevice = async (
  project: ModeProject,
  owner?: { readonly user: ModeUser; readonly home: number },
) => {
  const claimCode = randomUUID()
  const wanted = { name: randomUUID(), claimCode, project: project.id }
  const made = await project.maker.post(`${V1}/devices`, wanted)
  if (made.status !== 201) throw new Error(`device: ${made.status} ${made.text}`)
  if (owner !== undefined) {
    const homes = await owner.user.native.get(`${V1}/homes`)
    const home = homes.body.items.find(({ number }: { number: number }) => number === owner.home)
    const claim = { device: made.body.id, secret: claimCode, home: home.id }
    const claimed = await owner.user.native.post(`${V1}/claims`, claim)
    if (claimed.status !== 201) throw new Error(`claim: ${claimed.status} ${claimed.text}`)
  }
  return { id: made.body.number as number, key: made.body.token as string, uuid: made.body.id }
}

type Message = {
  readonly to: string
  readonly kind?: string
  readonly token?: string
  readonly code?: string
}

/** All messages to somebody that the server has written, the newest last; waits until there are so many. */
export const messagesTo = async (
  { folder }: TestServer,
  way: 'mail' | 'sms',
  to: string,
  count = 1,
): Promise<Message[]> => {
  let found: Message[] = []
  await eventually(() => {
    const room = join(folder, way)
    found = (existsSync(room) ? readdirSync(room) : [])
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => JSON.parse(readFileSync(join(room, name), 'utf8')) as Message)
      .filter((message) => message.to === to)
    return found.length >= count
  })
  return found
}
