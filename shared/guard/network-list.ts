import { BlockList, isIP, isIPv4 } from 'node:net'
import { addressIn } from './network.ts'

/** Networks that an operator has listed. */
export type NetworkList = {
  /** Whether an address lies in one of them. */
  readonly has: (address: string) => boolean
  /** What in the list is no network, in words for a person. */
  readonly faults: readonly string[]
}

/** A network in the usual spelling: `10.0.0.0/8`. `undefined`: it is none. */
const netOf = (text: string) => {
  const [, net = '', prefix = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? []
  const family = isIP(net)
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) return undefined
  return { net, prefix: Number(prefix), family: family === 4 ? 'ipv4' : 'ipv6' } as const
}

/** Reads networks with commas between them. An IPv4-mapped address is looked for as IPv4. */
export const readNetworkList = (text: string | undefined): NetworkList => {
  const words = text?.split(',').map((word) => word.trim()) ?? []
  const list = new BlockList()
  const faults: string[] = []
  for (const word of words) {
    const found = netOf(word)
    if (found === undefined)
      faults.push(`"${word}" is no network like 10.0.0.0/8, or 192.0.2.1/32 for one address`)
    else list.addSubnet(found.net, found.prefix, found.family)
  }
  const has = (spelled: string): boolean => {
    const address = addressIn(spelled)
    return address !== undefined && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  return { has, faults }
}
