import { randomUUID } from 'node:crypto'
import type { IConnackPacket, Packet } from 'mqtt-packet'
import type { ConnectRead } from './decode-connect.ts'
import type { Visit } from './exchange.ts'
import { REASON_CODES } from './fault.ts'
import type { Limits } from './limits.ts'

/** What an MQTT 5 client has said in its CONNECT that binds us, and what we made of it. */
export type Promised = {
  /** Bytes. */
  readonly maximumPacketSize: number
  readonly receiveMaximum: number
  /** Aliases of ours that it remembers. */
  readonly topicAliasMaximum: number
  /** Seconds. */
  readonly sessionExpiryInterval: number
  /** Seconds. */
  readonly willDelayInterval: number
  readonly assignedClientId: string | undefined
  readonly serverKeepAlive: number | undefined
  readonly hasUsername: boolean
}

/** Reads it from the CONNECT. */
export const promisedBy = (connect: ConnectRead, limits: Limits): Promised => {
  const numberOf = (name: string) => connect.mqtt5.get(name) as number | undefined
  const isLong = connect.keepalive === 0 || connect.keepalive > limits.keepAliveSeconds
  return {
    maximumPacketSize: numberOf('maximumPacketSize') ?? Number.POSITIVE_INFINITY,
    receiveMaximum: numberOf('receiveMaximum') ?? 65_535,
    topicAliasMaximum: numberOf('topicAliasMaximum') ?? 0,
    sessionExpiryInterval: numberOf('sessionExpiryInterval') ?? 0,
    willDelayInterval: (connect.willProperties?.get('willDelayInterval') as number) ?? 0,
    assignedClientId: connect.clientId === '' ? `latchkey-${randomUUID()}` : undefined,
    serverKeepAlive: isLong ? limits.keepAliveSeconds : undefined,
    hasUsername: connect.username !== undefined,
  }
}

/** The broker's own name for the client of 3.1.1 that a client of MQTT 5 is to it. */
const TRANSLATED = 4

/**
 * Makes the CONNECT one of 3.1.1. Without an exchange its session ends with the connection. With one, Clean Start means
 * to the broker what a clean session does as long as the client is being let in.
 */
export const translateConnect = (
  connect: ConnectRead,
  promised: Promised,
  mayLast: boolean,
): void => {
  connect.clientId = promised.assignedClientId ?? connect.clientId
  connect.keepalive = promised.serverKeepAlive ?? connect.keepalive
  connect.protocolVersion = TRANSLATED
  connect.clean ||= !mayLast
}

/** CONNACK codes of 3.1.1 in the words of MQTT 5, table 3-1. */
const connackCode = (returnCode: number, hasUsername: boolean): number => {
  switch (returnCode) {
    case 0:
      return REASON_CODES.success
    case 1:
      return REASON_CODES.unsupportedProtocolVersion
    case 2:
      return REASON_CODES.clientIdentifierNotValid
    case 3:
      return REASON_CODES.serverUnavailable
    case 4:
      return REASON_CODES.badUserNameOrPassword
    case 5:
      return hasUsername ? REASON_CODES.badUserNameOrPassword : REASON_CODES.notAuthorized
    default:
      return REASON_CODES.unspecifiedError
  }
}

/** A CONNACK with our limits (MQTT 5, 3.2.2.3). Without a visit the session ends with its connection. */
export const connack = (
  returnCode: number,
  limits: Limits,
  packetBytes: number,
  promised: Promised,
  visit: Visit | undefined,
): IConnackPacket => {
  const reasonCode = connackCode(returnCode, promised.hasUsername)
  if (reasonCode !== REASON_CODES.success)
    return { cmd: 'connack', sessionPresent: false, reasonCode }
  return {
    cmd: 'connack',
    sessionPresent: visit?.isPresent ?? false,
    reasonCode,
    properties: {
      sessionExpiryInterval: visit?.session.expirySeconds ?? 0,
      receiveMaximum: limits.receiveMaximum,
      retainAvailable: visit !== undefined,
      maximumPacketSize: packetBytes,
      ...(promised.assignedClientId === undefined
        ? {}
        : { assignedClientIdentifier: promised.assignedClientId }),
      topicAliasMaximum: limits.topicAliases,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: visit !== undefined,
      sharedSubscriptionAvailable: false,
      ...(promised.serverKeepAlive === undefined
        ? {}
        : { serverKeepAlive: promised.serverKeepAlive }),
    },
  }
}

/** A CONNACK before the broker has seen anything: 3.1.1 has words for two refusals, MQTT 5 for all. */
export const refusal = (code: number, isV5: boolean): Buffer | undefined => {
  if (isV5) return Buffer.from([0x20, 0x03, 0x00, code, 0x00])
  if (code === REASON_CODES.unsupportedProtocolVersion) return Buffer.from([0x20, 0x02, 0x00, 0x01])
  if (code === REASON_CODES.clientIdentifierNotValid) return Buffer.from([0x20, 0x02, 0x00, 0x02])
  return undefined
}

/** The server's last word. */
export const disconnect = (reasonCode: number): Packet => ({ cmd: 'disconnect', reasonCode })

/** Whether a CONNECT whose rest is wrong is one of MQTT 5: `00 04 M Q T T 05`. */
export const isVersion5 = (body: Buffer): boolean =>
  body.length > 6 && body.toString('latin1', 2, 6) === 'MQTT' && body[6] === 5
