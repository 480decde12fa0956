import type { TSchema } from 'typebox'

/** One topic or stream: who speaks there, and what. */
export type Channel = {
  /** A topic; `{…}` is a level that is chosen. Over HTTP a path. */
  readonly address: string
  /** Who speaks. `newcomer`: somebody who has no device yet. */
  readonly by: 'device' | 'gateway' | 'newcomer' | 'latchkey'
  readonly summary: string
  readonly body: TSchema
  /** MQTT, if it is nothing else. */
  readonly over?: 'http' | 'ws'
  /** The channel on which it is answered. */
  readonly answeredOn?: string
}

/** Rows of channels, by name. */
export type Channels = Readonly<Record<string, Channel>>
