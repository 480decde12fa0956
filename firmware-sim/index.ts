/** Simulated devices, gateways and apps, for tests, benchmarks and the demo. */
export {
  claimByToken,
  claimOverHttp,
  createDevice,
  devicesOverHttp,
  explainOverHttp,
  followClaim,
  releaseOverHttp,
  type SimApp,
  signIn,
} from './app.ts'
export { backoffMs } from './backoff.ts'
export { simulate } from './cli.ts'
export { EXIT, type Io } from './commands/command.ts'
export {
  type CodeOutcome,
  connectDevice,
  type DeviceOptions,
  hear,
  openWindow,
  presentCode,
  type SimDevice,
  sendEvents,
  untilOwner,
  type WindowOutcome,
} from './device.ts'
export { Refused, Unreachable } from './failure.ts'
export { inParallel } from './fleet.ts'
export { connectGateway, type SimGateway } from './gateway.ts'
export type { LinkNews, LinkOptions } from './link.ts'
export type {
  Answer,
  Child,
  ChildOutcome,
  ClaimOutcome,
  Heard,
  Message,
  Platform,
  Provisioned,
  Window,
} from './platforms/platform.ts'
export { PLATFORMS, type PlatformName } from './platforms/table.ts'
export { type ProvisionOptions, provision } from './provision.ts'
export { newSecret } from './secret.ts'
