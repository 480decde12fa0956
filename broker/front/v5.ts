import type { IConnackPacket, Packet } from 'mqtt-packet'
import { REASON_CODES } from './fault.ts'
import type { Limits } from './limits.ts'

/** What an MQTT 5 client has said in its CONNECT that binds us. */
export type Promised = {
  /** Bytes; `undefined`: any. */
  readonly maximumPacketSize: number | undefined
  readonly receiveMaximum: number
  readonly assignedClientId: string | undefined
  readonly serverKeepAlive: number | undefined
  readonly hasUsername: boolean
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

/** A CONNACK with our limits (MQTT 5, 3.2.2.3). Sessions end with their connection. */
export const connack = (
  returnCode: number,
  limits: Limits,
  packetBytes: number,
  promised: Promised,
): IConnackPacket => {
  const reasonCode = connackCode(returnCode, promised.hasUsername)
  if (reasonCode !== REASON_CODES.success)
    return { cmd: 'connack', sessionPresent: false, reasonCode }
  return {
    cmd: 'connack',
    sessionPresent: false,
    reasonCode,
    properties: {
      sessionExpiryInterval: 0,
      receiveMaximum: limits.receiveMaximum,
      retainAvailable: false,
      maximumPacketSize: packetBytes,
      ...(promised.assignedClientId === undefined
        ? {}
        : { assignedClientIdentifier: promised.assignedClientId }),
      topicAliasMaximum: limits.topicAliases,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      ...(promised.serverKeepAlive === undefined
        ? {}
        : { serverKeepAlive: promised.serverKeepAlive }),
    },
  }
}

/** A refusal before there is a connection. */
export const refusedConnack = (reasonCode: number): Packet => ({
  cmd: 'connack',
  sessionPresent: false,
  reasonCode,
})

/** The server's last word. */
export const disconnect = (reasonCode: number): Packet => ({ cmd: 'disconnect', reasonCode })
