import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Happening } from '../shared/model/events.ts'
import type { Listening, Live, NotOpened } from './live.ts'

type Frame = string | undefined

/** How a dialect writes its stream of server-sent events (WHATWG HTML, 9.2). */
export type SseForm = {
  /** The first bytes. */
  readonly hello: string
  /** Said whenever nothing else was for `beatMs`. */
  readonly beat: string
  readonly beatMs: number
  /** One event; `undefined`: this dialect does not tell it. What has to be looked up for it may take a moment. */
  readonly frameOf: (happening: Happening) => Frame | Promise<Frame>
  readonly headers?: Readonly<Record<string, string>>
  /** How long the first event waits, for clients that lose what comes together with the head. Nothing is left out for it. */
  readonly settleMs?: number
}

/** A reader that takes nothing is cut when so many bytes wait for it. */
const LONGEST_BACKLOG = 1024 * 1024
/** The same while so many events wait to be looked up. */
const MOST_FRAMES = 1000
/** What was missed goes on when no more bytes than that wait. */
const LOW_BACKLOG = 256 * 1024

type Wanted = Omit<Listening, 'say' | 'drained' | 'end'>

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-accel-buffering': 'no',
}

const drainOf = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })

/** Answers with a stream of events that lasts until either side ends it. `undefined`: it has begun. */
export const answerWithEvents = async (
  live: Live,
  reply: FastifyReply,
  wanted: Wanted,
  form: SseForm,
): Promise<NotOpened | undefined> => {
  const response: ServerResponse = reply.raw
  let beating: NodeJS.Timeout | undefined
  let settling: NodeJS.Timeout | undefined
  const write = (text: string): boolean => {
    beating?.refresh()
    if (!response.writableEnded) response.write(text)
    return response.writableLength < LONGEST_BACKLOG
  }
  let writing: Promise<void> = Promise.resolve()
  let waiting = 0
  /** In the order of the events, however long each one takes. */
  const queue = (frame: Frame | Promise<Frame>): boolean => {
    waiting += 1
    writing = writing
      .then(async () => {
        const text = await frame
        if (text !== undefined && !write(text)) response.destroy()
      })
      // Nobody can tell what it was about: the reader comes again.
      .catch(() => void response.destroy())
      .finally(() => {
        waiting -= 1
      })
    return waiting < MOST_FRAMES
  }
  const drained = async (): Promise<void> => {
    await writing
    if (response.writableLength >= LOW_BACKLOG && !response.destroyed) await drainOf(response)
  }
  const stream = await live.open({
    ...wanted,
    drained,
    say: (happening) => {
      const frame = form.frameOf(happening)
      if (frame instanceof Promise || waiting > 0) return queue(frame)
      return frame === undefined || write(frame)
    },
    end: (why) => {
      clearInterval(beating)
      if (why === 'slow') response.destroy()
      else response.end()
    },
  })
  if (typeof stream === 'string') return stream
  if (response.destroyed) {
    stream.close()
    return undefined
  }
  reply.hijack()
  response.on('error', () => response.destroy())
  response.on('close', () => {
    clearInterval(beating)
    clearTimeout(settling)
    stream.close()
  })
  response.writeHead(200, { ...HEADERS, ...form.headers })
  beating = setInterval(() => write(form.beat), form.beatMs)
  beating.unref()
  write(form.hello)
  if (form.settleMs === undefined) stream.begin()
  else settling = setTimeout(stream.begin, form.settleMs)
  return undefined
}
