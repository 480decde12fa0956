import type { Claim } from './api.ts'
import type { Ask } from './ask.ts'
import { pause } from './pause.ts'
import { requestOf } from './request.ts'
import type { Result } from './result.ts'
import { openStream, type Source } from './stream.ts'

const LONG_POLL_MS = 25_000
/** A stream may be silent although it is open. */
const LOOK_MS = 20_000
const CHANGED = 'latchkey.claim.changed'

/** Resolves when something was said of the claim; `over`: nothing will be any more. */
const newsOf = ({ next }: Source, claim: string): Promise<'news' | 'over'> => {
  const listen = async () => {
    for (;;) {
      const event = await next()
      if (event === undefined) return 'over'
      if (event.type === CHANGED && event.data.id === claim) return 'news'
    }
  }
  const news = listen()
  // It is given up together with who waits for it, who is told by other ways.
  news.catch(() => undefined)
  return news
}

/**
 * Waits until a claim is no longer `waiting`: it looks as soon as the live stream says so, or by long polls where there is no
 * stream. It ends by itself, since what waits expires.
 */
export const untilDecided = async (
  ask: Ask,
  patienceMs: number,
  claim: string,
  signal: AbortSignal | undefined,
): Promise<Result<Claim>> => {
  const over = new AbortController()
  const joint = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
  const source = await openStream(ask, {}, patienceMs, joint)
  let news = source.kind === 'open' ? newsOf(source, claim) : undefined
  try {
    for (;;) {
      const waitMs = news === undefined ? LONG_POLL_MS : undefined
      const request = requestOf('GET /claims/{id}?waitMs', { id: claim, waitMs })
      if ('ok' in request) return request
      const seen = await ask.call<Claim>(request, signal)
      if (!seen.ok || seen.value.state !== 'waiting') return seen
      if (news === undefined) continue
      const said = await Promise.race([news, pause(LOOK_MS, joint)])
      if (said === undefined) continue
      news = said === 'news' && source.kind === 'open' ? newsOf(source, claim) : undefined
    }
  } finally {
    over.abort()
  }
}
