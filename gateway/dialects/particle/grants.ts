import { countWrongSecret } from '../../../shared/guard/wrong-secrets.ts'
import type { OAuthClient, Project, User } from '../../../shared/model/records.ts'
import { NEVER, type TokenPair } from '../../../shared/registry/access-tokens.ts'
import type { ClientGrant } from '../../../shared/registry/oauth-clients.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'
import type { Fault } from './faults.ts'
import type { Fields } from './fields.ts'
import type { Credentials } from './guards.ts'
import type { Room } from './room.ts'

/** Life of a token unless its asker says otherwise: 90 days, research/particle.md 1.1. */
const USUAL_MS = 90 * 86_400_000
const LONGEST_CLIENT = 128

/** A program: one of a product, or any other, which may sign in users (research/particle.md 1). */
export type Program =
  | { readonly kind: 'product'; readonly client: OAuthClient; readonly product: Project }
  | { readonly kind: 'any'; readonly id: string }

export type Denied = {
  readonly denied: Fault
  readonly retryAfterMs?: number
  readonly words?: string
}
export type Granted = {
  readonly pair: TokenPair
  /** What the asker is told, in seconds; 0: for ever. */
  readonly expiresIn: number
  readonly customer?: string
}

const denied = (fault: Fault): Denied => ({ denied: fault })

const wrongSecret = async (room: Room, address: string): Promise<Denied> => {
  const retryAfterMs = await countWrongSecret(room, address)
  return retryAfterMs === undefined
    ? denied('invalid-client')
    : { denied: 'too-many', retryAfterMs }
}

/** Who asks. A client of a product has to show its secret; of others the platform knows none. */
export const programOf = async (
  room: Room,
  shown: Credentials | undefined,
  address: string,
): Promise<Program | Denied> => {
  const { registry } = room
  if (shown === undefined || shown.name === '' || shown.name.length > LONGEST_CLIENT)
    return denied('invalid-client')
  const client = await registry.oauthClients.find(shown.name)
  if (client === undefined) return { kind: 'any', id: shown.name }
  // Nobody else's accounts are looked for: its apps would sign in users of the platform from then on.
  if (client === 'gone') return wrongSecret(room, address)
  const product = await registry.projects.get(client.project)
  if (product === undefined || !registry.oauthClients.isSecretOf(client, shown.secret ?? ''))
    return wrongSecret(room, address)
  return { kind: 'product', client, product }
}

const nameOf = (program: Program) => (program.kind === 'any' ? program.id : program.client.id)

export const isGranted = ({ grants }: OAuthClient, grant: ClientGrant) => grants.includes(grant)

const NUMBER = /^\d{1,10}$/

/** When a token is to end, epoch ms. `undefined`: what was asked for is no time to come. */
const endOf = (fields: Fields, now: number): number | undefined => {
  const [seconds, date] = [fields.get('expires_in'), fields.get('expires_at')]
  if (seconds !== undefined) {
    if (!NUMBER.test(seconds)) return undefined
    return Number(seconds) === 0 ? NEVER : now + Number(seconds) * 1000
  }
  if (date === undefined) return now + USUAL_MS
  const at = Date.parse(date)
  return at > now && at < NEVER ? at : undefined
}

/** Seconds that a token still has, as its asker is told. */
const lifeOf = (end: number, now: number): number =>
  end === NEVER ? 0 : Math.max(1, Math.round((end - now) / 1000))

type Asked = {
  readonly room: Room
  readonly program: Program
  readonly fields: Fields
  readonly address: string
  readonly end: number
}

const issued = async (
  { room, program, end }: Asked,
  user: User,
  customer?: string,
): Promise<Granted> => ({
  pair: await room.registry.accessTokens.open(user, nameOf(program), end),
  expiresIn: lifeOf(end, room.now()),
  ...(customer === undefined ? {} : { customer }),
})

/** A product's client signs in that product's customers alone, any other only users of `default`: nothing is guessed. */
const byPassword = async (asked: Asked): Promise<Granted | Denied> => {
  const { room, program, fields, address } = asked
  const { sessions, projects } = room.registry
  const [username, password] = [fields.get('username') ?? '', fields.get('password') ?? '']
  if (username === '' || password === '') return denied('invalid-grant')
  if (username.length > 254 || password.length > 128) return denied('invalid-grant')
  const realm = program.kind === 'product' ? program.product : await projects.find(DEFAULT_PROJECT)
  if (realm === undefined) return denied('invalid-grant')
  const user = await sessions.recognise(username, password, address, realm.id)
  if ('failed' in user)
    return user.failed === 'wrong'
      ? denied('invalid-grant')
      : { denied: 'too-many', retryAfterMs: user.retryAfterMs }
  if (program.kind === 'product' && user.role !== 'customer') return denied('invalid-grant')
  return issued(asked, user)
}

const CUSTOMER = /^customer=(.{1,254})$/s

/** Two-legged: a product's program acts for one of its customers; without a scope it runs the product. */
const byClient = async (asked: Asked): Promise<Granted | Denied> => {
  const { room, program, fields } = asked
  const { users } = room.registry
  if (program.kind === 'any') return denied('invalid-client')
  const { client, product } = program
  const scope = fields.get('scope')
  if (scope === undefined || scope === '') {
    if (!isGranted(client, 'product') || client.account === undefined)
      return denied('unauthorized-client')
    const account = await users.get({ project: product.id, user: client.account })
    return account === undefined ? denied('invalid-client') : issued(asked, account)
  }
  const email = CUSTOMER.exec(scope)?.[1]
  if (email === undefined) return { denied: 'invalid-scope', words: 'A scope is customer=<e-mail>' }
  if (!isGranted(client, 'customers:act')) return denied('unauthorized-client')
  const customer = await users.findByEmail(email, product.id)
  if (customer === undefined || customer.role !== 'customer') return denied('invalid-scope')
  return issued(asked, customer, customer.email)
}

const byRenewal = async (asked: Asked): Promise<Granted | Denied> => {
  const { room, program, fields, end } = asked
  const token = fields.get('refresh_token') ?? ''
  const renewed = await room.registry.accessTokens.renew(token, nameOf(program), end)
  if (renewed === undefined) return denied('bad-renewal')
  return { pair: renewed.pair, expiresIn: lifeOf(end, room.now()) }
}

/** The second step of a sign-in. No first one asks for it, so there is no code that could be right. */
const byCode = async (): Promise<Denied> => ({
  denied: 'invalid-grant',
  words: 'The one-time code is invalid',
})

const GRANTS = new Map([
  ['password', byPassword],
  ['client_credentials', byClient],
  ['refresh_token', byRenewal],
  ['urn:custom:mfa-otp', byCode],
])

/** What `POST /oauth/token` asks for (RFC 6749 4.3, 4.4, 6). */
export const granted = async (
  room: Room,
  program: Program,
  fields: Fields,
  address: string,
): Promise<Granted | Denied> => {
  const grant = GRANTS.get(fields.get('grant_type') ?? '')
  if (grant === undefined) return denied('unsupported-grant')
  const end = endOf(fields, room.now())
  if (end === undefined)
    return { denied: 'bad-request', words: 'expires_in or expires_at cannot be read' }
  return grant({ room, program, fields, address, end })
}

/** A token for a customer that a program has just made. */
export const grantedTo = (room: Room, client: string, customer: User): Promise<Granted> =>
  issued(
    {
      room,
      program: { kind: 'any', id: client },
      fields: new Map(),
      address: '',
      end: room.now() + USUAL_MS,
    },
    customer,
    customer.email,
  )

/** How a token is handed out. */
export const tokenBody = ({ pair, expiresIn, customer }: Granted) => ({
  token_type: 'bearer',
  access_token: pair.token,
  expires_in: expiresIn,
  refresh_token: pair.renewal,
  ...(customer === undefined ? {} : { scope: `customer=${customer}` }),
})
