import type { Label } from './label.ts'
import type { Answer, Server } from './server.ts'
import { openStream, pause } from './stream.ts'

const LONG_POLL_MS = 25_000
/** A stream may be silent although it is open. */
const LOOK_MS = 20_000
const RETRY_MS = 3000
/** The server writes down that a claim has come to nothing a little later than its time. */
const GRACE_MS = 2000

type Waiting = Answer & { readonly kind: 'waiting' }

const EXPIRED: Answer = { kind: 'refused', reason: 'link-expired' }

/** What becomes of a claim that waits for its other half: by a live stream, or where there is none by long polls. */
const settled = async (
  server: Server,
  { claim, until }: Waiting,
  signal: AbortSignal,
): Promise<Answer> => {
  const stream = await openStream(server, claim)
  try {
    for (;;) {
      const left = until + GRACE_MS - Date.now()
      const waitMs = Math.max(0, Math.min(LONG_POLL_MS, left))
      const answer = await server.look(claim, stream.isOpen() ? 0 : waitMs, signal)
      if (signal.aborted) return answer
      if (answer.kind === 'unreachable' && left > 0) await pause(RETRY_MS, signal)
      else if (answer.kind !== 'waiting') return answer
      else if (left <= 0) return EXPIRED
      else if (stream.isOpen()) await stream.next(Math.min(LOOK_MS, left), signal)
    }
  } finally {
    stream.close()
  }
}

/** A refusal with its reason, as far as this account may know. */
const explained = async (server: Server, answer: Answer): Promise<Answer> => {
  if (answer.kind !== 'refused' || answer.claim === undefined) return answer
  return { ...answer, ...(await server.why(answer.claim)) }
}

/** Brings an account's half of a claim, and tells each step until it is over. */
export async function* claimWith(
  server: Server,
  half: Label,
  home: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Answer> {
  const first = await server.claim(half, home)
  if (first.kind !== 'waiting') return yield await explained(server, first)
  yield first
  yield await explained(server, await settled(server, first, signal))
}
