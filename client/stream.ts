import type { CloudEvent } from './api.ts'
import { type Ask, refusalIn } from './ask.ts'
import { createFrames } from './frames.ts'
import type { Refused } from './result.ts'

/** The server says something every 15 s: who is silent for longer is gone. */
const SILENCE_MS = 40_000

/** From where on, and of which project. */
export type Place = { readonly after?: string | undefined; readonly project?: string | undefined }

/** Where events come from. `next` gives `undefined` when it is over; `close` may be called again. */
export type Source = {
  readonly next: () => Promise<CloudEvent | undefined>
  readonly close: () => void
}

/** What came of opening a stream. `held`: something on the way does not let it through as it comes. */
export type Opened =
  | ({ readonly kind: 'open' } & Source)
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'away' }
  | { readonly kind: 'held' }

type Reader = ReadableStreamDefaultReader<Uint8Array>

const sourceOf = (reader: Reader, early: readonly CloudEvent[], take: Take): Source['next'] => {
  const came = [...early]
  return async () => {
    for (;;) {
      const event = came.shift()
      if (event !== undefined) return event
      const more = await take(reader, SILENCE_MS)
      if (more === undefined) return undefined
      came.push(...more)
    }
  }
}

type Take = (reader: Reader, ms: number) => Promise<readonly CloudEvent[] | undefined>

/**
 * Server-sent events, with the token in a header: none is ever a part of an address. It is open when its first byte has come, and
 * whatever happens from then on comes through it.
 */
export const openStream = async (
  { open }: Ask,
  { after, project }: Place,
  patienceMs: number,
  signal: AbortSignal | undefined,
): Promise<Opened> => {
  const over = new AbortController()
  const close = () => over.abort()
  const joint = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])

  /** Work that is given up after `ms`. `undefined`: it was, or it has failed. */
  const inTime = async <T>(work: Promise<T>, ms: number): Promise<T | undefined> => {
    const timer = setTimeout(close, ms)
    try {
      return await work
    } catch {
      if (signal?.aborted) throw signal.reason
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  const feed = createFrames()
  const decoder = new TextDecoder()
  const take: Take = async (reader, ms) => {
    const piece = await inTime(reader.read(), ms)
    if (piece?.value === undefined) return undefined
    return feed(decoder.decode(piece.value, { stream: true }))
  }

  const asked = project === undefined ? '' : `?${new URLSearchParams({ project })}`
  const headers = {
    accept: 'text/event-stream',
    ...(after === undefined ? {} : { 'last-event-id': after }),
  }
  const response = await inTime(
    open(`/events${asked}`, { method: 'GET', headers }, joint),
    patienceMs,
  )
  if (response === undefined) return over.signal.aborted ? { kind: 'held' } : { kind: 'away' }
  if (response.status !== 200) {
    const refused = await inTime(refusalIn(response), patienceMs)
    close()
    return refused === undefined ? { kind: 'away' } : { kind: 'refused', refused }
  }
  // An engine without streams has no `body`.
  const reader = response.body?.getReader()
  const early = reader && (await take(reader, patienceMs))
  if (reader === undefined || early === undefined) {
    close()
    return { kind: 'held' }
  }
  return { kind: 'open', next: sourceOf(reader, early, take), close }
}
