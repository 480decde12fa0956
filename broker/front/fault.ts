/**
 * What is wrong with a packet: a reason code of MQTT 5 (2.4), and the rule in words for a log. An MQTT 3.1.1 client is
 * only closed: that protocol has no words for it.
 */
export type Fault = { readonly code: number; readonly rule: string }

/** Why a connection was cut, or what a limit did, for a metric and a log. */
export type FrontEvent = { readonly what: 'fault' | 'throttled'; readonly rule: string }

/** Reason codes of MQTT 5 that we send, by the specification's own names. */
export const REASON_CODES = {
  success: 0x00,
  noSubscriptionExisted: 0x11,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  sharedSubscriptionsNotSupported: 0x9e,
  subscriptionIdentifiersNotSupported: 0xa1,
} as const

/** Bytes that do not follow the form: 0x81. */
export const malformed = (rule: string): Fault => ({ code: REASON_CODES.malformedPacket, rule })
/** A packet, well-formed, that may not be here or may not say this: 0x82. */
export const protocolError = (rule: string): Fault => ({ code: REASON_CODES.protocolError, rule })
