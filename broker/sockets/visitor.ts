import type { Duplex } from 'node:stream'

/** Where a connection comes from, and the certificate it has proved to hold. */
export type Visitor = {
  readonly address: string
  /** SHA-256 of its certificate, 64 hex digits in small letters. */
  readonly certificate?: string
}

/** What a socket may know of the connection that it carries. */
export type Guest = {
  /** Whether its CONNECT has come. */
  readonly hasSpoken: () => boolean
  /** Whether it was let in. */
  readonly isWelcome: () => boolean
}

/** Gives a stream of MQTT bytes to the broker, whatever socket they come through. */
export type Accept = (stream: Duplex, visitor: Visitor) => Guest
