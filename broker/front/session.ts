import type { Hearing } from './hearing.ts'

/** What is known of a client of MQTT 5 beside what the broker stores, from its first connection to its session's end. */
export type Session = {
  readonly id: string
  readonly hearing: Hearing
  /** Packet ids of what was sent and is not acknowledged, over all its connections. */
  readonly sent: Set<number>
  /** The stream of its live connection; `undefined`: it is away. */
  holder: object | undefined
  /** Seconds that it lasts after its connection. */
  expirySeconds: number
  /** Bytes that the broker stores for it while it is away. */
  storedBytes: number
  /** Its end, while it is away. */
  ending: NodeJS.Timeout | undefined
  /** A will that is held back. */
  will: HeldWill | undefined
}

/** A will, and when it is sent if the client does not come back before. */
export type HeldWill = { readonly send: () => void; readonly timer: NodeJS.Timeout }

/** A session that begins with a connection. */
export const newSession = (id: string, holder: object): Session => ({
  id,
  hearing: new Map(),
  sent: new Set(),
  holder,
  expirySeconds: 0,
  storedBytes: 0,
  ending: undefined,
  will: undefined,
})
