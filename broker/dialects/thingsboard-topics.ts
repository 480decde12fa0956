import type { Verdict } from '../dialect.ts'

/**
 * What a device may subscribe to, exactly: the platform's own list (research/thingsboard.md 1.1). On most of it nothing
 * ever comes here (telemetry, attributes, software); its clients subscribe to it all the same.
 */
export const SUBSCRIBES: readonly string[] = [
  'v1/devices/me/attributes',
  'v1/devices/me/attributes/response/+',
  'v1/devices/me/rpc/request/+',
  'v1/devices/me/rpc/response/+',
  'v1/gateway/attributes',
  'v1/gateway/attributes/response',
  'v1/gateway/rpc',
  'v2/a',
  'v2/a/j',
  'v2/a/p',
  'v2/a/res/+',
  'v2/a/res/j/+',
  'v2/a/res/p/+',
  'v2/r/req/+',
  'v2/r/req/j/+',
  'v2/r/req/p/+',
  'v2/r/res/+',
  'v2/r/res/j/+',
  'v2/r/res/p/+',
  'v2/fw/response/+/chunk/+',
  'v2/fw/error',
  'v2/sw/response/+/chunk/+',
  'v2/sw/error',
]

/** Where a device asks the server, and where the answer comes: the last level is its number. */
export const RPC = {
  request: 'v1/devices/me/rpc/request/',
  response: 'v1/devices/me/rpc/response/',
} as const

/**
 * A payload that cannot be read: over MQTT 3.1.1 the connection ends without a PUBACK (research/thingsboard.md 1.1).
 * An MQTT 5 client keeps its connection and is told 0x99 there; that is the verdict `malformed`.
 */
export const MALFORMED: Verdict = 'closed'
