import { areSafe, DEFAULT_CODE_LIMITS, hitsPerDay, MOST_HITS_PER_DAY } from './claim/code-odds.ts'

/** What a stranger or a device may ask of the MQTT edge. Bytes include the fixed header. research/security.md 5.1. */
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
  /** Filters that one connection may be subscribed to at once. */
  readonly subscriptions: number
  /** Time for a whole CONNECT, ms; at most the promised 10 s. */
  readonly connectMs: number
  /** A reader that takes nothing for so long is cut, ms. */
  readonly drainMs: number
  /** Bytes that may lie unsent for one client. */
  readonly backlogBytes: number
  /** Open connections in all. 0: any number. */
  readonly connections: number
  /** Open connections of one network: an IPv4 address or a /64. 0: any number. */
  readonly connectionsPerAddress: number
  /** The same for this machine. */
  readonly connectionsFromLoopback: number
  /** Wrong CONNECTs a minute, of one network or with one credential, before answers are held back. 0: never. */
  readonly wrongConnectsPerMinute: number
  /** A connection that brings a provisioning token lasts so long, ms; and so long after its answer. */
  readonly newcomerMs: number
  readonly newcomerAnsweredMs: number
  /** Native claim codes of a project that may be open at once, and that may be looked up in a day. */
  readonly openCodes: number
  readonly codeLookupsPerDay: number
  /** Connections of one device in quick succession before it is let in more slowly; one a second is earned back. 0: never. */
  readonly reconnectBurst: number
}

type Row = { readonly usual: number; readonly least: number; readonly most: number }

/** Every limit that can be set, what it is without a setting, and what it may be. */
const ROWS: { readonly [Name in keyof Limits]: Row } = {
  connectBytes: { usual: 4 * 1024, least: 128, most: 256 * 1024 },
  packetBytes: { usual: 64 * 1024, least: 1024, most: 16 * 1024 * 1024 },
  gatewayPacketBytes: { usual: 1024 * 1024, least: 1024, most: 64 * 1024 * 1024 },
  topicBytes: { usual: 256, least: 64, most: 65_535 },
  topicLevels: { usual: 10, least: 7, most: 100 },
  filtersPerPacket: { usual: 100, least: 1, most: 10_000 },
  grantedQos: { usual: 1, least: 0, most: 2 },
  keepAliveSeconds: { usual: 1200, least: 10, most: 65_535 },
  receiveMaximum: { usual: 100, least: 1, most: 1000 },
  publishesPerSecond: { usual: 1000, least: 1, most: 1_000_000 },
  topicAliases: { usual: 16, least: 0, most: 65_535 },
  subscriptions: { usual: 200, least: 10, most: 10_000 },
  connectMs: { usual: 8000, least: 100, most: 10_000 },
  drainMs: { usual: 5000, least: 100, most: 600_000 },
  backlogBytes: { usual: 4 * 1024 * 1024, least: 64 * 1024, most: 256 * 1024 * 1024 },
  connections: { usual: 0, least: 0, most: 10_000_000 },
  connectionsPerAddress: { usual: 1000, least: 0, most: 10_000_000 },
  connectionsFromLoopback: { usual: 0, least: 0, most: 10_000_000 },
  wrongConnectsPerMinute: { usual: 60, least: 0, most: 1_000_000 },
  newcomerMs: { usual: 60_000, least: 100, most: 600_000 },
  newcomerAnsweredMs: { usual: 10_000, least: 100, most: 600_000 },
  openCodes: { usual: DEFAULT_CODE_LIMITS.openCodes, least: 2, most: 100_000_000 },
  codeLookupsPerDay: {
    usual: DEFAULT_CODE_LIMITS.codeLookupsPerDay,
    least: 1,
    most: 1_000_000_000,
  },
  reconnectBurst: { usual: 300, least: 0, most: 1_000_000 },
}

const TABLE = new Map<string, Row>(Object.entries(ROWS))

export const DEFAULT_LIMITS = Object.fromEntries(
  [...TABLE].map(([name, { usual }]) => [name, usual]),
) as Limits

/** Puts given limits over the usual ones: `{"packetBytes": 4096}`. Names every fault, in words for a person. */
export const readLimits = (given: unknown): Limits | { readonly faults: readonly string[] } => {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { faults: ['must be a JSON object of limits'] }
  const faults = Object.entries(given).flatMap(([name, value]) => {
    const row = TABLE.get(name)
    if (row === undefined) return [`there is no limit "${name}"`]
    const fits = Number.isInteger(value) && value >= row.least && value <= row.most
    return fits ? [] : [`"${name}" must be a whole number from ${row.least} to ${row.most}`]
  })
  if (faults.length > 0) return { faults }
  const limits = { ...DEFAULT_LIMITS, ...given }
  if (areSafe(limits)) return limits
  const expected = hitsPerDay(limits).toPrecision(2)
  return {
    faults: [
      `"openCodes" times "codeLookupsPerDay" lets strangers find ${expected} claim codes a day; at most ${MOST_HITS_PER_DAY.toPrecision(2)}`,
    ],
  }
}
