import type { IncomingMessage } from 'node:http'
import type { Happening } from '../shared/model/events.ts'
import type { Listening, Live, NotOpened } from './live.ts'

/** What comes at once is collected for so long, so that a burst is one answer. */
const TOGETHER_MS = 20
const MOST = 500

/**
 * A long poll on a stream: what lies behind its place, or else the first that comes within `waitMs`; nothing when
 * nothing came or the stream ended. `ask`, if given, looks once more when the stream is open, and answers instead of it.
 */
export const collect = async (
  live: Live,
  wanted: Omit<Listening, 'say' | 'end'>,
  waitMs: number,
  request: IncomingMessage,
  ask?: () => Promise<Happening[] | NotOpened>,
): Promise<readonly Happening[] | NotOpened> => {
  const came: Happening[] = []
  let finish: () => void = () => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let soon: NodeJS.Timeout | undefined
  const stream = await live.open({
    ...wanted,
    say: (happening) => {
      came.push(happening)
      soon ??= setTimeout(finish, TOGETHER_MS)
      if (came.length >= MOST) finish()
      return came.length < MOST
    },
    end: () => finish(),
  })
  if (typeof stream === 'string') return stream
  const late = setTimeout(finish, Math.max(TOGETHER_MS, waitMs))
  request.once('close', finish)
  if (request.socket.destroyed) finish()
  stream.begin()
  try {
    // Something may have come before the stream was open.
    const missed = await ask?.()
    if (missed !== undefined && (typeof missed === 'string' || missed.length > 0)) return missed
    await finished
    return came.length > 0 ? ((await ask?.()) ?? came) : came
  } finally {
    clearTimeout(late)
    clearTimeout(soon)
    request.off('close', finish)
    stream.close()
  }
}
