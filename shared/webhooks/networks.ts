import { BlockList, isIPv4 } from 'node:net'
import { addressIn } from '../guard/network.ts'
import { readNetworkList } from '../guard/network-list.ts'

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

/** Whether webhooks may be called at an address. */
export type MayReach = (address: string) => boolean

/** Networks that are not public and may be called all the same: `LATCHKEY_WEBHOOK_NETWORKS`. Names what is none. */
export const readNetworks = (
  text: string | undefined,
): { readonly mayReach: MayReach; readonly faults: readonly string[] } => {
  const own = readNetworkList(text)
  const mayReach: MayReach = (spelled) => {
    const address = addressIn(spelled)
    return address !== undefined && (own.has(address) || isPublic(address))
  }
  return { mayReach, faults: own.faults }
}
