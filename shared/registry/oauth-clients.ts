import { randomBytes } from 'node:crypto'
import { audited } from '../audit/line.ts'
import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import type { OAuthClient, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import { found, put, readMany, readOne } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { Users } from './users.ts'

/**
 * What a program of a product may do (CONTRACT 6, Particle): make customers, act for one of them, and run the product as its
 * maker does.
 */
export const CLIENT_GRANTS = ['customers:create', 'customers:act', 'product'] as const
export type ClientGrant = (typeof CLIENT_GRANTS)[number]

export type NewClient = Pick<OAuthClient, 'name' | 'type' | 'grants'>

/** Programs of one product. */
export const MOST_CLIENTS = 100
const PROJECT_BYTES = 16
const OWN_BYTES = 8
const ID = /^[A-Za-z0-9_-]{32}$/

const idIn = (project: ProjectId): string =>
  Buffer.concat([Buffer.from(project.replaceAll('-', ''), 'hex'), randomBytes(OWN_BYTES)]).toString(
    'base64url',
  )

/** Which project a client id says that it is of. `undefined`: it is none of ours. */
const projectIn = (id: string): ProjectId | undefined => {
  if (!ID.test(id)) return undefined
  const hex = Buffer.from(id, 'base64url').subarray(0, PROJECT_BYTES).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as ProjectId
}

/** Whether that is the id of a program that the project has no more: the tokens that it was given end with it. */
export const isGoneClient = async (
  { store }: Pick<RegistryContext, 'store'>,
  project: ProjectId,
  id: string,
): Promise<boolean> =>
  projectIn(id) === project &&
  (await readOne<OAuthClient>(store, keys.oauthClient(project, id))).value === undefined

/**
 * OAuth clients: programs of a product's maker, or of its customers. The id says by itself which project it is of, so that one
 * read finds it; the secret is shown once and kept as a digest.
 */
export const createOAuthClients = (
  { store, now }: RegistryContext,
  users: Pick<Users, 'create'>,
  newSecret: () => string,
) => {
  const told = (type: 'client.made' | 'client.removed', project: ProjectId, what: string) =>
    audited({ at: now(), project, type, what })

  const written = (client: OAuthClient): Change => ({
    put: [put(keys.oauthClient(client.project, client.id), client)],
    add: [{ index: keys.oauthClients(client.project), member: client.id }],
    append: [told('client.made', client.project, client.id)],
  })

  /** A new client. `'too-many'`: the project has a hundred. */
  const create = async (project: ProjectId, wanted: NewClient) => {
    const present = await store.list(keys.oauthClients(project), { limit: MOST_CLIENTS })
    if (present.length >= MOST_CLIENTS) return 'too-many'
    const secret = newSecret()
    const client: OAuthClient = {
      id: idIn(project),
      project,
      ...wanted,
      secret: lookupDigest(secret),
      createdAt: now(),
    }
    if (!wanted.grants.includes('product')) {
      await store.commit(written(client))
      return { client, secret }
    }
    // Who runs the product has an account there: one that no password opens.
    const account = {
      project,
      role: 'maker',
      name: `client ${client.id}`,
      reach: 'project',
    } as const
    let made = client
    const user = await users.create(account, async ({ id }) => {
      made = { ...client, account: id }
      return written(made)
    })
    if (typeof user === 'string') throw new Error('an account without a name has its name taken')
    return { client: made, secret }
  }

  /** The client of that id. `'gone'`: its project has it no more. `undefined`: it is no id of ours. */
  const find = async (id: string): Promise<OAuthClient | 'gone' | undefined> => {
    const project = projectIn(id)
    if (project === undefined) return undefined
    const wanted = [keys.oauthClient(project, id), keys.project(project)] as const
    const [entry, space] = await store.read(wanted)
    if (found<Project>(wanted[1], space).value === undefined) return undefined
    return found<OAuthClient>(wanted[0], entry).value ?? 'gone'
  }

  /** Digests of full entropy are looked up, so they are compared as they are. */
  const isSecretOf = (client: OAuthClient, secret: string): boolean =>
    client.secret === lookupDigest(secret)

  const list = async (project: ProjectId): Promise<OAuthClient[]> => {
    const ids = await store.list(keys.oauthClients(project), { limit: MOST_CLIENTS })
    const records = await readMany<OAuthClient>(
      store,
      ids.map((id) => keys.oauthClient(project, id)),
    )
    return records.flatMap(({ value }) => (value === undefined ? [] : [value]))
  }

  /** The client that is no more. `undefined`: there was none. Its account is for the caller to end. */
  const remove = async (project: ProjectId, id: string): Promise<OAuthClient | undefined> => {
    const present = await readOne<OAuthClient>(store, keys.oauthClient(project, id))
    if (present.value === undefined) return undefined
    await store.commit({
      remove: [present.key],
      drop: [{ index: keys.oauthClients(project), member: id }],
      append: [told('client.removed', project, id)],
      whenFull: true,
    })
    return present.value
  }

  return { create, find, isSecretOf, list, remove }
}

export type OAuthClients = ReturnType<typeof createOAuthClients>
