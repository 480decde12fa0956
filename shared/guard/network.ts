import { isIPv4, isIPv6 } from 'node:net'

/** What some proxies write: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const WITH_PORT = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([^\]]+)\]):\d{1,5}$/
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/

const dotted = (high: string, low: string): string => {
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 255, b >> 8, b & 255].join('.')
}

/**
 * One spelling for each address, without port and zone: an IPv4-mapped one is IPv4 (RFC 4291 2.5.5.2), IPv6 is as RFC 5952 has it.
 * `undefined`: it is no address.
 */
export const addressIn = (text: string): string | undefined => {
  if (isIPv4(text)) return text
  const [, v4, v6] = WITH_PORT.exec(text) ?? []
  const [bare = ''] = (v4 ?? v6 ?? text).split('%')
  if (isIPv4(bare)) return bare
  if (!isIPv6(bare)) return undefined
  const spelled = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  const [, high, low] = MAPPED.exec(spelled) ?? []
  return high === undefined || low === undefined ? spelled : dotted(high, low)
}

/** Who has no address that can be read is counted with all the others that have none. */
export const NOWHERE = 'unknown'

/** The network a client is counted under: an IPv4 address, or the /64 of an IPv6 one (research/security.md S107). */
export const networkOf = (ip: string): string => {
  const address = addressIn(ip)
  if (address === undefined) return NOWHERE
  if (isIPv4(address)) return address
  const [head = '', tail = ''] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const zeros = address.includes('::') ? Array(8 - front.length - back.length).fill('0') : []
  return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`
}

/** Whether the client is on this machine. */
export const isLoopback = (ip: string): boolean => {
  const address = addressIn(ip)
  return address === '::1' || (address?.startsWith('127.') ?? false)
}
