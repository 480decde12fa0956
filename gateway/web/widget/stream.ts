import type { Server } from './server.ts'

/** Wake-ups about one claim. When `isOpen` is false nothing will come any more: ask instead. */
export type Stream = {
  readonly isOpen: () => boolean
  /** Resolves at the next wake-up, at the end of the stream, or after `ms`. */
  readonly next: (ms: number, signal: AbortSignal) => Promise<void>
  readonly close: () => void
}

const CHANGED = 'latchkey.claim.changed'

const isAbout = (claim: string, { data }: MessageEvent): boolean => {
  try {
    const event = JSON.parse(String(data)) as { type?: unknown; data?: { id?: unknown } }
    return event.type === CHANGED && event.data?.id === claim
  } catch {
    return false
  }
}

/** Resolves after `ms`, or as soon as it is given up. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal.aborted) done()
    else signal.addEventListener('abort', done)
  })

/** Server-sent events, let in by a ticket. A ticket is good for one connection, so a stream that breaks is over. */
export const openStream = async (server: Server, claim: string): Promise<Stream> => {
  const url = await server.eventsUrl()
  const source = url === undefined ? undefined : new EventSource(url)
  let isOpen = source !== undefined
  let hasNews = false
  let wake: () => void = () => undefined
  const close = () => {
    isOpen = false
    source?.close()
    wake()
  }
  source?.addEventListener('error', close)
  // What happened before the stream was open did not come through it.
  const news = () => {
    hasNews = true
    wake()
  }
  source?.addEventListener('open', news)
  source?.addEventListener('message', (event) => {
    if (isAbout(claim, event)) news()
  })
  const next = async (ms: number, signal: AbortSignal): Promise<void> => {
    if (isOpen && !hasNews) {
      const over = new AbortController()
      wake = () => over.abort()
      await pause(ms, AbortSignal.any([signal, over.signal]))
    }
    hasNews = false
  }
  return { isOpen: () => isOpen, next, close }
}
