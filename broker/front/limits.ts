/** What one connection may ask of us. Bytes include the fixed header. research/security.md 5.1. */
export type Limits = {
  /** Bytes of a CONNECT. */
  readonly connectBytes: number
  /** Bytes of any later packet. */
  readonly packetBytes: number
  /** Bytes of any later packet of a gateway. */
  readonly gatewayPacketBytes: number
  /** Bytes of a topic or a filter, and its levels. */
  readonly topicBytes: number
  readonly topicLevels: number
  /** Filters of one SUBSCRIBE or UNSUBSCRIBE. */
  readonly filtersPerPacket: number
  /** The highest QoS of a subscription. */
  readonly grantedQos: 0 | 1 | 2
  /** Seconds after which an MQTT 5 client without a keep-alive of its own has to say something. */
  readonly keepAliveSeconds: number
  /** QoS 1 and 2 publishes under way: the Receive Maximum of CONNACK. */
  readonly receiveMaximum: number
  /** PUBLISH packets a second, over ten seconds. */
  readonly publishesPerSecond: number
  /** Topic aliases that an MQTT 5 client may set. */
  readonly topicAliases: number
}

export const DEFAULT_LIMITS: Limits = {
  connectBytes: 4 * 1024,
  packetBytes: 64 * 1024,
  gatewayPacketBytes: 1024 * 1024,
  topicBytes: 256,
  topicLevels: 10,
  filtersPerPacket: 100,
  grantedQos: 1,
  keepAliveSeconds: 1200,
  receiveMaximum: 100,
  publishesPerSecond: 1000,
  topicAliases: 16,
}
