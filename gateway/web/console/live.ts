import { V1 } from '../page/send.ts'
import { pause } from '../widget/stream.ts'
import { type Api, withQuery } from './api.ts'
import type { CloudEvent } from './shapes.ts'

export type LiveState = 'open' | 'connecting'

type Hearing = {
  /** The project's name; absent: the maker's own. */
  readonly project: string | undefined
  readonly onEvent: (event: CloudEvent) => void
  readonly onState: (state: LiveState) => void
  readonly signal: AbortSignal
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

const eventIn = ({ data }: MessageEvent): CloudEvent | undefined => {
  try {
    return JSON.parse(String(data)) as CloudEvent
  } catch {
    return undefined
  }
}

/** One connection, let in by a ticket, until it breaks: a ticket is good once. Resolves with whether it was ever open. */
const listen = (url: string, { onEvent, onState, signal }: Hearing): Promise<boolean> =>
  new Promise((resolve) => {
    const source = new EventSource(url)
    let wasOpen = false
    const end = () => {
      source.close()
      signal.removeEventListener('abort', end)
      resolve(wasOpen)
    }
    source.addEventListener('open', () => {
      wasOpen = true
      onState('open')
    })
    source.addEventListener('message', (message) => {
      const event = eventIn(message)
      if (event !== undefined) onEvent(event)
    })
    source.addEventListener('error', end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })

/** Hears what happens in a project as long as the signal lets it, behind what it heard last. */
export const hear = async (api: Api, hearing: Hearing): Promise<void> => {
  const { project, onState, onEvent, signal } = hearing
  let after: string | undefined
  let waitMs = FIRST_WAIT_MS
  const noting = (event: CloudEvent) => {
    after = event.id
    onEvent(event)
  }
  while (!signal.aborted) {
    onState('connecting')
    const answer = await api.post<{ ticket: string }>('/tickets')
    if (answer.ok && !signal.aborted) {
      const url = withQuery(`${V1}/events`, { ticket: answer.body.ticket, project, after })
      if (await listen(url, { ...hearing, onEvent: noting })) waitMs = FIRST_WAIT_MS
    }
    if (signal.aborted) return
    onState('connecting')
    await pause(waitMs, signal)
    waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)
  }
}
