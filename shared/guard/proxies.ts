import { addressIn, NOWHERE } from './network.ts'
import { readNetworkList } from './network-list.ts'

/** Whether a peer is one of the operator's own proxies: only from those is it believed who their client is. */
export type IsProxy = (address: string) => boolean

/** There is no proxy: nobody is believed. */
export const noProxy: IsProxy = () => false

/** Everybody's word, which is nobody's. */
const EVERYBODY = /\/0+$/

/**
 * Networks of proxies with commas between them: `10.0.0.0/8,fd00::/8`. A count of proxies, `true` or a network of everybody
 * would let each client say who it is, and so evade every limit (research/security.md S107).
 */
export const readProxies = (
  text: string | undefined,
): { readonly isProxy: IsProxy; readonly faults: readonly string[] } => {
  if (text === undefined) return { isProxy: noProxy, faults: [] }
  const wide = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => EVERYBODY.test(word))
  const { has, faults } = readNetworkList(text)
  return {
    isProxy: has,
    faults: [...faults, ...wide.map((word) => `"${word}" would trust everybody`)],
  }
}

/**
 * The client behind a peer: from the nearest hop to the farthest, the first that is no proxy of ours. `forwarded`: what the
 * peer says in `X-Forwarded-For`. Fastify's `trustProxy` walks in the same way.
 */
export const clientBehind = (
  isProxy: IsProxy,
  peer: string,
  forwarded: string | undefined,
): string => {
  const hops = forwarded === undefined ? [] : forwarded.split(',').map((hop) => hop.trim())
  let client = peer
  while (isProxy(client)) {
    const next = hops.pop()
    if (next === undefined) return client
    client = addressIn(next) ?? NOWHERE
  }
  return client
}
