import { isIP } from 'node:net'
import { StoreUnfit } from '../../errors.ts'

export type Host = { readonly host: string; readonly port: number }

/** Where a Redis is and how to sign in there. */
export type Address = {
  readonly kind: 'single' | 'cluster' | 'sentinel'
  readonly tls: boolean
  readonly hosts: readonly [Host, ...Host[]]
  readonly username?: string
  readonly password?: string
  readonly db: number
  /** What the sentinels call the master. */
  readonly master?: string
}

const FORM = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:(.*)@)?([^/?#@]+)(?:\/([^?#]*))?$/
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i
const PORTS = { single: 6379, cluster: 6379, sentinel: 26379 } as const

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `redis+cluster://…host,host`,
 * `redis+sentinel://…host,host/master[/db]`, and each with `rediss` for TLS. Throws `StoreUnfit`, which never shows the password.
 */
export const parseAddress = (url: string): Address => {
  const [, s, form, user, list = '', path = ''] = FORM.exec(url) ?? unfit()
  const kind = form === 'cluster' || form === 'sentinel' ? form : 'single'
  const hosts = list.split(',').map((text) => parseHost(text, PORTS[kind]))
  const [first, ...more] = hosts
  if (first === undefined || (kind === 'single' && more.length > 0)) return unfit()
  const [master, number] = kind === 'sentinel' ? path.split('/') : [undefined, path]
  if (kind === 'sentinel' && !master) return unfit()
  return {
    kind,
    tls: s === 's',
    hosts: [first, ...more],
    ...parseUser(user),
    db: parseDb(number),
    ...(master === undefined ? {} : { master }),
  }
}

/** The address as it may be logged. */
export const describeAddress = ({ kind, hosts }: Address): string =>
  `${kind === 'single' ? '' : `${kind} `}${hosts.map(({ host, port }) => `${host}:${port}`).join(', ')}`

/** The TLS server name, which must not be an IP address. */
export const tlsOf = ({ tls, hosts }: Address) =>
  tls ? { tls: isIP(hosts[0].host) === 0 ? { servername: hosts[0].host } : {} } : {}

const parseHost = (text: string, usual: number): Host => {
  const [, v6, name, port] = HOST.exec(text) ?? unfit()
  const number = port === undefined ? usual : Number(port)
  return number > 65_535 ? unfit() : { host: v6 ?? name ?? unfit(), port: number }
}

const parseUser = (user: string | undefined): { username?: string; password?: string } => {
  if (user === undefined || user === '') return {}
  const colon = user.indexOf(':')
  try {
    const username = decodeURIComponent(colon < 0 ? user : user.slice(0, colon))
    const password = colon < 0 ? undefined : decodeURIComponent(user.slice(colon + 1))
    return {
      ...(username === '' ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    }
  } catch {
    return unfit()
  }
}

const parseDb = (text: string | undefined): number => {
  if (text === undefined || text === '') return 0
  return /^\d{1,3}$/.test(text) ? Number(text) : unfit()
}

const unfit = (): never => {
  throw new StoreUnfit([
    'the redis URL must look like redis://[user:password@]host[:port][/db], redis+cluster://host,host or redis+sentinel://host,host/master',
  ])
}
