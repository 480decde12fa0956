import type { Calls, CloudEvent } from './api.ts'
import type { Ask } from './ask.ts'
import { backoffMs, pause } from './pause.ts'
import { requestOf } from './request.ts'
import { StreamRefused, Unreachable } from './result.ts'
import { type Opened, openStream, type Place } from './stream.ts'

/** What to hear. Without `after`: from now on. */
export type EventsOptions = Place & {
  readonly signal?: AbortSignal | undefined
  /**
   * Called each time that it begins or goes on. `isGapless`: right behind the last event; else what happened before it is not
   * told, so read what you show once more.
   */
  readonly onOpen?: (isGapless: boolean) => void
}

const LONG_POLL_MS = 25_000
const POLL = 'GET /events?after&waitMs&project'

/** Events by long polls, for where no stream gets through. */
const openPolls = ({ call }: Ask, { after, project }: Place, signal?: AbortSignal): Opened => {
  let place = after
  const came: CloudEvent[] = []
  const next = async (): Promise<CloudEvent | undefined> => {
    while (came.length === 0) {
      const request = requestOf(POLL, { after: place, project, waitMs: LONG_POLL_MS })
      if ('ok' in request) throw new StreamRefused(request)
      const page = await call<Calls['hearEvents']['answer']>(request, signal).catch(ended)
      if (page === undefined) return undefined
      if (!page.ok) throw new StreamRefused(page)
      came.push(...page.value.items)
      place = page.value.next ?? place
    }
    return came.shift()
  }
  return { kind: 'open', next, close: () => undefined }
}

const ended = (cause: unknown): undefined => {
  if (!(cause instanceof Unreachable)) throw cause
}

/**
 * Everything that the account may hear of, live, one after the other: a stream that breaks goes on behind the last event
 * (`Last-Event-ID`), with a token that is asked for anew; where no stream gets through, long polls. It ends when its reader
 * leaves the loop, with the signal's reason when it was given up, or with `StreamRefused`.
 */
export async function* hear(
  ask: Ask,
  patienceMs: number,
  { after, project, signal, onOpen }: EventsOptions,
): AsyncGenerator<CloudEvent, never> {
  let place = after
  let failures = 0
  let hasStreams = true
  for (;;) {
    const from = { after: place, project }
    const source = hasStreams
      ? await openStream(ask, from, patienceMs, signal)
      : openPolls(ask, from, signal)
    switch (source.kind) {
      case 'refused':
        throw new StreamRefused(source.refused)
      case 'held':
        hasStreams = false
        continue
      case 'away':
        break
      case 'open':
        onOpen?.(place !== undefined)
        try {
          for (;;) {
            const event = await source.next()
            if (event === undefined) break
            failures = 0
            place = event.id
            yield event
          }
        } finally {
          source.close()
        }
        // Whatever was in the way may be gone.
        hasStreams = true
    }
    failures += 1
    await pause(backoffMs(failures), signal)
  }
}
