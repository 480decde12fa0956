import type { Label } from './label.ts'

/** What the server says to a claim. Times are of this machine's clock, in ms. */
export type Answer =
  | {
      readonly kind: 'claimed'
      readonly claim: string
      readonly device: string
      readonly epoch: number
    }
  | { readonly kind: 'already-yours' }
  | { readonly kind: 'waiting'; readonly claim: string; readonly until: number }
  | ({ readonly kind: 'refused'; readonly claim?: string } & Why)
  | { readonly kind: 'mistyped' }
  | { readonly kind: 'held'; readonly until: number }
  | { readonly kind: 'signed-out' }
  | { readonly kind: 'unreachable' }

/** A reason of CONTRACT 5, and the server's own words for it. */
export type Why = { readonly reason: string; readonly title?: string; readonly text?: string }

/** Gives the token of the account; `isOver`: the last one was refused. `undefined`: nobody is signed in. */
export type TokenSource = (isOver: boolean) => Promise<string | undefined>

type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}
type Call = {
  readonly method?: 'POST'
  readonly body?: unknown
  readonly signal?: AbortSignal
}

const V1 = '/latchkey/v1'
const IN_STEP_MS = 3000

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** How far this machine's clock is ahead of the server's, in ms; 0 when they are in step. */
const aheadBy = ({ headers }: Reply): number => {
  const date = Date.parse(headers.get('date') ?? '')
  const ahead = Number.isNaN(date) ? 0 : Date.now() - date
  // `Date` counts whole seconds, and the answer took its time.
  return Math.abs(ahead) < IN_STEP_MS ? 0 : ahead
}

const bodyOf = (claim: Label, home: string | undefined) => {
  const { way: _, ...half } = claim
  return home === undefined ? half : { ...half, home }
}

const whyOf = ({ reason, title, detail, nextStep }: Reply['body']): Why => {
  const [said, next] = [text(title) ?? text(detail), text(nextStep) ?? text(detail)]
  return {
    reason: text(reason) ?? 'not-permitted',
    ...(said === undefined ? {} : { title: said }),
    ...(next === undefined || next === said ? {} : { text: next }),
  }
}

/** Whether a problem names the secret as what is wrong: its text alone shows a typing error (docs/imports.md). */
const isAboutSecret = ({ errors }: Reply['body']): boolean =>
  Array.isArray(errors) && errors.some(({ path }: { path?: unknown }) => path === '/secret')

/** What a claim resource, or the answer to a new claim, says. */
const answerOf = (reply: Reply): Answer => {
  const { status, headers, body } = reply
  const claim = text(body.id) ?? headers.get('location')?.split('/').at(-1)
  if (status === 401) return { kind: 'signed-out' }
  if (status === 429)
    return { kind: 'held', until: Date.now() + (Number(body.retryAfterMs) || 1000) }
  if (status >= 500) return { kind: 'unreachable' }
  if (status === 400 && isAboutSecret(body)) return { kind: 'mistyped' }
  if (body.reason === 'already-yours') return { kind: 'already-yours' }
  const why: Answer = {
    kind: 'refused',
    ...whyOf(body),
    ...(claim === undefined ? {} : { claim }),
  }
  if (status >= 400 || claim === undefined) return why
  switch (body.state) {
    case 'claimed':
      return { kind: 'claimed', claim, device: String(body.device), epoch: Number(body.epoch) }
    case 'waiting':
      return {
        kind: 'waiting',
        claim,
        until: Date.parse(String(body.expiresAt)) + aheadBy(reply),
      }
    default:
      return why
  }
}

/** The native API of a Latchkey (CONTRACT 2), for one account. `origin`: without a slash at the end. */
export const createServer = (origin: string, tokenOf: TokenSource) => {
  const once = async (path: string, token: string, call: Call): Promise<Reply> => {
    const { method = 'GET', body, signal } = call
    const reply = await fetch(`${origin}${V1}${path}`, {
      method,
      credentials: 'omit',
      cache: 'no-store',
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
    const content = (await reply.json().catch(() => ({}))) as Reply['body']
    return { status: reply.status, headers: reply.headers, body: content }
  }

  /** A token that is over is asked for once more. `undefined`: nobody is signed in. */
  const send = async (path: string, call: Call = {}): Promise<Reply | undefined> => {
    const token = await tokenOf(false)
    const reply = token === undefined ? undefined : await once(path, token, call)
    if (reply !== undefined && reply.status !== 401) return reply
    const another = await tokenOf(true)
    return another === undefined || another === token ? reply : once(path, another, call)
  }

  const ask = async (path: string, call?: Call): Promise<Answer> => {
    try {
      const reply = await send(path, call)
      return reply === undefined ? { kind: 'signed-out' } : answerOf(reply)
    } catch {
      // A network that is away is all that `fetch` throws for, and a call that was given up.
      return { kind: 'unreachable' }
    }
  }

  /** A member of a reply that is nice to have. `undefined`: not to be had. */
  const peek = async (path: string, call?: Call): Promise<Reply['body'] | undefined> => {
    const reply = await send(path, call).catch(() => undefined)
    return reply !== undefined && reply.status < 300 ? reply.body : undefined
  }

  return {
    claim: (half: Label, home?: string): Promise<Answer> =>
      ask('/claims', { method: 'POST', body: bodyOf(half, home) }),

    /** What has become of a claim: at once, or when something has, or after `waitMs`. */
    look: (claim: string, waitMs: number, signal: AbortSignal): Promise<Answer> =>
      ask(`/claims/${encodeURIComponent(claim)}?waitMs=${waitMs}`, { signal }),

    /** Why a claim was refused, as far as this account may know. */
    why: async (claim: string): Promise<Why | undefined> => {
      const body = await peek(`/claims/${encodeURIComponent(claim)}/explain`)
      return body === undefined ? undefined : whyOf(body)
    },

    nameOf: async (device: string): Promise<string | undefined> =>
      text((await peek(`/devices/${encodeURIComponent(device)}`))?.name),

    /** Where to listen for events, once. `undefined`: nowhere. */
    eventsUrl: async (): Promise<string | undefined> => {
      const ticket = text((await peek('/tickets', { method: 'POST' }))?.ticket)
      return ticket === undefined
        ? undefined
        : `${origin}${V1}/events?ticket=${encodeURIComponent(ticket)}`
    },
  }
}

export type Server = ReturnType<typeof createServer>
