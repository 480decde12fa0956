import { createRequire } from 'node:module'

// biome-ignore lint/suspicious/noExplicitAny: whatever the platform's own client answers is looked at member by member
type Answer = Promise<{ readonly statusCode: number; readonly body: any }>
type Call = (options: Readonly<Record<string, unknown>>) => Answer

/** What `getEventStream` gives: an emitter of the events that came. */
export type ClientStream = {
  on(event: string, listener: (event: Readonly<Record<string, unknown>>) => void): unknown
  once(event: string, listener: (event: Readonly<Record<string, unknown>>) => void): unknown
  abort(): void
  end(): void
}

/** The platform's own client library, as far as the tests call it. */
export type ParticleClient = {
  readonly [Method in
    | 'login'
    | 'loginAsClientOwner'
    | 'sendOtp'
    | 'trackingIdentity'
    | 'lookupSerialNumber'
    | 'request'
    | 'createUser'
    | 'createCustomer'
    | 'resetPassword'
    | 'getUserInfo'
    | 'setUserInfo'
    | 'changeUserPassword'
    | 'deleteUser'
    | 'getClaimCode'
    | 'claimDevice'
    | 'listDevices'
    | 'getDevice'
    | 'addDeviceToProduct'
    | 'removeDevice'
    | 'removeDeviceOwner'
    | 'renameDevice'
    | 'callFunction'
    | 'getVariable'
    | 'publishEvent'
    | 'createOAuthClient'
    | 'deleteAccessToken'
    | 'deleteCurrentAccessToken'
    | 'deleteActiveAccessTokens'
    | 'get'
    | 'put'
    | 'post']: Call
} & {
  readonly listAccessTokens?: Call
  readonly validatePromoCode?: Call
  readonly setBaseUrl?: (url: string) => void
  readonly delete: Call
  getEventStream(options: Readonly<Record<string, unknown>>): Promise<ClientStream>
}

type Options = {
  readonly baseUrl: string
  readonly clientId?: string
  readonly clientSecret?: string
}

const require = createRequire(import.meta.url)

/** The client of a version that is installed under that name, unmodified. */
export const particleClient = (version: 9 | 10 | 11 | 12, options: Options): ParticleClient => {
  const Client = require(`particle-api-js-${version}`)
  return new Client(options) as ParticleClient
}
