import { BlockList, isIP, isIPv4 } from 'node:net'

/**
 * Addresses that are not of the public Internet, or that carry one inside (IANA's special-purpose registries, RFC 6890; the
 * cloud's metadata services live in 169.254.0.0/16): research/security.md S118.
 */
const NOT_PUBLIC_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const
/** All that is public lies in here, */
const PUBLIC_V6 = [['2000::', 3]] as const
/** but for this: special purposes and documentation, and 6to4, which carries an IPv4 address. */
const NOT_PUBLIC_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const listOf = (nets: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6') => {
  const list = new BlockList()
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, family)
  return list
}

const notPublicV4 = listOf(NOT_PUBLIC_V4, 'ipv4')
const publicV6 = listOf(PUBLIC_V6, 'ipv6')
const notPublicV6 = listOf(NOT_PUBLIC_V6, 'ipv6')

const isPublic = (address: string): boolean =>
  isIPv4(address)
    ? !notPublicV4.check(address, 'ipv4')
    : publicV6.check(address, 'ipv6') && !notPublicV6.check(address, 'ipv6')

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** A network in the usual spelling: `10.0.0.0/8`. `undefined`: it is none. */
const netOf = (text: string) => {
  const [, net = '', prefix = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? []
  const family = isIP(net)
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) return undefined
  return { net, prefix: Number(prefix), family: family === 4 ? 'ipv4' : 'ipv6' } as const
}

/** Whether webhooks may be called at an address. */
export type MayReach = (address: string) => boolean

/** Networks that are not public and may be called all the same: `LATCHKEY_WEBHOOK_NETWORKS`. Names what is none. */
export const readNetworks = (
  text: string | undefined,
): { readonly mayReach: MayReach; readonly faults: readonly string[] } => {
  const words = text?.split(',').map((word) => word.trim()) ?? []
  const own = new BlockList()
  const faults: string[] = []
  for (const word of words) {
    const found = netOf(word)
    if (found === undefined) faults.push(`"${word}" is no network like 10.0.0.0/8`)
    else own.addSubnet(found.net, found.prefix, found.family)
  }
  const mayReach: MayReach = (spelled) => {
    const address = MAPPED.exec(spelled)?.[1] ?? spelled
    const family = isIP(address)
    if (family === 0) return false
    return own.check(address, family === 4 ? 'ipv4' : 'ipv6') || isPublic(address)
  }
  return { mayReach, faults }
}
