import { httpSender, isDone, type Send } from '../http.ts'
import { fields, number, text } from '../json.ts'
import { modeSender } from './mode-device.ts'

/** An app of the platform, signed in, with a home. */
export type ModeApp = { readonly send: Send; readonly home: number }

/** Signs in by e-mail and makes a home, as a new user's app does. `undefined`: it was refused. */
export const openModeApp = async (
  http: string,
  who: { readonly projectId: number; readonly email: string; readonly password: string },
): Promise<ModeApp | undefined> => {
  const body = { ...who, appId: 'demo' }
  const signedIn = await httpSender({ url: http })({ method: 'POST', path: '/auth/user', body })
  const key = text(fields(signedIn.body), 'token')
  if (key === undefined) return undefined
  const send = modeSender(http, key)
  const made = await send({ method: 'POST', path: '/homes', body: { name: 'Home' } })
  const home = number(fields(made.body), 'id')
  return home === undefined ? undefined : { send, home }
}

/** What came of adding a device: its number, or the platform's own word why not. */
export type Added = { readonly device: number } | { readonly reason: string }

/** Adds a device by the code that is printed on it. */
export const addByCode = async ({ send, home }: ModeApp, claimCode: string): Promise<Added> => {
  const body = { homeId: home, claimCode }
  const reply = await send({ method: 'POST', path: '/devices', body })
  const device = number(fields(reply.body), 'id')
  return isDone(reply) && device !== undefined
    ? { device }
    : { reason: text(fields(reply.body), 'reason') ?? `status ${reply.status}` }
}

/** A token for a device that is not there yet. */
export const beginProvisioning = async (
  { send, home }: ModeApp,
  deviceClass: string,
): Promise<string | undefined> => {
  const path = `/homes/${home}/deviceProvisioning`
  const reply = await send({ method: 'POST', path, body: { deviceClass } })
  return text(fields(reply.body), 'token')
}

/** The status of a command: 204 when the device was given it. */
export const sendCommand = async (
  { send }: ModeApp,
  device: number,
  action: string,
): Promise<number> =>
  (await send({ method: 'PUT', path: `/devices/${device}/command`, body: { action } })).status
