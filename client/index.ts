export * from './api.ts'
export type { TokenSource } from './ask.ts'
export {
  type CallOptions,
  type CallsOf,
  type Client,
  type ClientOptions,
  createClient,
} from './client.ts'
export type { EventsOptions } from './events.ts'
export { type Done, type Refused, type Result, StreamRefused, Unreachable } from './result.ts'
