import { Refused, WrongUsage } from './failure.ts'
import { httpSender, type Send } from './http.ts'
import type { Answer, AppSide, ClaimOutcome, Listed } from './platforms/platform.ts'
import { type PlatformName, platformOf } from './platforms/table.ts'

/** A signed-in app. `send` speaks any call of the server with the session's header. */
export type SimApp = { readonly platform: PlatformName; readonly send: Send }

const sideOf = (app: SimApp): AppSide => platformOf(app.platform).app

/** Signs in over HTTP. Rejects with `Refused` for a wrong e-mail or password. */
export const signIn = async (options: {
  platform?: PlatformName | undefined
  http: string
  email: string
  password: string
}): Promise<SimApp> => {
  const platform = options.platform ?? 'latchkey'
  const side = platformOf(platform).app
  const session = await side.signIn(httpSender({ url: options.http }), options)
  if (session.state === 'refused') throw new Refused(`sign-in: ${session.reason}`)
  const headers = side.authorize(session.value)
  return { platform, send: httpSender({ url: options.http, headers }) }
}

/** Claims a device with its secret, as a person with the app would. A refusal is a value. */
export const claimOverHttp = (
  app: SimApp,
  half: { device: string; secret?: string | undefined },
): Promise<ClaimOutcome> => sideOf(app).claim(app.send, half)

/** Claims a device by its own token. A refusal is a value. */
export const claimByToken = (app: SimApp, token: string): Promise<ClaimOutcome> => {
  const side = sideOf(app)
  if (!side.claimByToken) throw new WrongUsage('a token claims nothing on this platform')
  return side.claimByToken(app.send, token)
}

/** Follows a waiting claim until it changes or `timeoutMs` is over; then it is still `waiting`. */
export const followClaim = async (
  app: SimApp,
  claim: string,
  timeoutMs: number,
): Promise<ClaimOutcome> => {
  const { look } = sideOf(app)
  if (!look) throw new WrongUsage('claims never wait on this platform')
  const until = performance.now() + timeoutMs
  for (;;) {
    const leftMs = Math.max(0, Math.round(until - performance.now()))
    const outcome = await look(app.send, claim, Math.min(leftMs, 30_000))
    if (outcome.state !== 'waiting' || performance.now() >= until) return outcome
  }
}

/** Gives a device up, by name or id. */
export const releaseOverHttp = (app: SimApp, device: string): Promise<Answer<undefined>> =>
  sideOf(app).release(app.send, device)

/** The devices that the account sees. */
export const devicesOverHttp = (app: SimApp): Promise<Answer<readonly Listed[]>> =>
  sideOf(app).devices(app.send)

/** Why a claim ended as it did, as much as this account may know. */
export const explainOverHttp = async (app: SimApp, claim: string): Promise<Answer<unknown>> => {
  const { explain } = sideOf(app)
  if (!explain) throw new WrongUsage('this platform explains no claims')
  return explain(app.send, claim)
}

/** Creates a device, signed in as a maker, and learns its token. */
export const createDevice = (
  app: SimApp,
  device: { name: string; gateway?: boolean },
): Promise<Answer<{ id: string; token: string }>> => {
  const { create } = sideOf(app)
  if (!create) throw new WrongUsage('makers have no API on this platform: give --token or --tokens')
  return create(app.send, device)
}
