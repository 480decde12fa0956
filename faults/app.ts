import { randomUUID } from 'node:crypto'
import { type Asked, ask, type Client, reasonIn } from './asking.ts'
import { halfOf } from './half.ts'
import type { Operation, Result } from './history.ts'

const V1 = '/latchkey/v1'

/** A device as its maker knows it. */
export type Device = { readonly id: string; readonly name: string; readonly token: string }

/** An account with an app: what it does is written down as it saw it. */
export type App = Client & {
  readonly token: string
  /** What it owns devices as. The maker's is its own word. */
  readonly home: string
  readonly isMaker: boolean
}

const doubt = ({ why }: Asked): Result => ({ kind: 'unknown', why })

/** A refusal after a try in doubt may be about what that try has done. */
const refusedOr = (asked: Asked, reason: string): Result =>
  asked.isInDoubt ? doubt(asked) : { kind: 'refused', reason }

const note = <O extends Operation>(app: App, operation: O): O => {
  app.recorder.note(operation)
  return operation
}

/** Why a claim was refused, as far as its claimer may know; the refusal itself looks the same to all strangers. */
const explained = async (app: App, { answer }: Asked): Promise<string> => {
  const said = reasonIn(answer?.body) ?? String(answer?.status)
  const { location } = answer?.headers ?? {}
  if (said !== 'not-permitted' || location === undefined) return said
  const story = await ask(app, { method: 'GET', path: `${location}/explain`, token: app.token })
  return reasonIn(story.answer?.body) ?? said
}

/** Brings a secret; `again` and again the same request, which asks for the same thing. */
export const claim = async (app: App, device: Device, secret: string) => {
  const { token, random } = app
  const key = random.happens(0.3) ? randomUUID() : undefined
  const body = { device: device.id, secret }
  const asked = await ask(app, { method: 'POST', path: `${V1}/claims`, body, token, key })
  const { called, returned, answer, isInDoubt } = asked
  const result = async (): Promise<Result> => {
    if (answer === undefined) return doubt(asked)
    if (answer.status === 201) return { kind: 'ok' }
    // Whose tries were all answered has claimed it before; else one of his tries did.
    if (answer.status === 200) return isInDoubt ? { kind: 'ok' } : { kind: 'ok', again: true }
    return refusedOr(asked, await explained(app, asked))
  }
  const { epoch } = (answer?.body ?? {}) as { epoch?: number }
  return note(app, {
    ...{ op: 'claim', process: app.name, device: device.id, by: app.home, half: halfOf(secret) },
    ...(epoch === undefined ? {} : { epoch }),
    ...{ called, returned, result: await result() },
  } as const)
}

const REFUSALS: ReadonlyMap<number, string> = new Map([
  [403, 'not-owner'],
  [404, 'not-owner'],
])

const refusal = (status: number): Result => ({
  kind: 'refused',
  reason: REFUSALS.get(status) ?? String(status),
})

/** Gives a device up, once: a second try is another operation, since somebody may have claimed it in between. */
export const release = async (app: App, device: Device) => {
  const path = `${V1}/devices/${device.id}/owner`
  const asked = await ask(app, { method: 'DELETE', path, token: app.token }, true)
  const { called, returned, answer } = asked
  const result = (): Result => {
    if (answer === undefined) return doubt(asked)
    return answer.status === 204 ? { kind: 'ok' } : refusal(answer.status)
  }
  return note(app, {
    ...{ op: 'release', process: app.name, device: device.id, by: app.home },
    ...(app.isMaker ? { maker: true } : {}),
    ...{ called, returned, result: result() },
  } as const)
}

/** Asks whose it is. An account that owns it sees it, another one finds nothing. */
export const read = async (app: App, device: Device) => {
  const asked = await ask(app, {
    method: 'GET',
    path: `${V1}/devices/${device.id}`,
    token: app.token,
  })
  const { called, returned, answer } = asked
  const { owner = null } = (answer?.body ?? {}) as { owner?: string | null }
  const isSeen = answer?.status === 200
  const result: Result =
    answer === undefined ? doubt(asked) : isSeen ? { kind: 'ok' } : refusal(answer.status)
  return note(app, {
    ...{ op: 'read', process: app.name, device: device.id, by: app.home },
    ...(isSeen ? { owner } : {}),
    ...{ called, returned, result },
  } as const)
}

/** Commands it: taken from its owner alone, so that an answer says whose it is. */
export const command = async (app: App, device: Device) => {
  const asked = await ask(app, {
    method: 'POST',
    path: `${V1}/devices/${device.id}/commands`,
    body: { action: 'blink', ttlMs: 1000 },
    token: app.token,
  })
  const { called, returned, answer } = asked
  const isTaken = answer?.status === 202
  const result: Result =
    answer === undefined ? doubt(asked) : isTaken ? { kind: 'ok' } : refusal(answer.status)
  return note(app, {
    ...{ op: 'read', process: app.name, device: device.id, by: app.home },
    ...(isTaken ? { owner: app.home } : {}),
    ...{ called, returned, result },
  } as const)
}
