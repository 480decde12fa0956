import { setTimeout as sleep } from 'node:timers/promises'
import type { Result } from './history.ts'
import { type Call, type Heard, send } from './http.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import type { System } from './system.ts'

export type Answer = Extract<Heard, { kind: 'answer' }>

/** What a client came to, and when. `answer` is absent when it gave up. */
export type Asked = {
  readonly called: number
  readonly returned: number
  readonly answer: Answer | undefined
  /** Whether an earlier try, or the last, may have been taken without an answer. */
  readonly isInDoubt: boolean
  readonly why: string
}

/** One client: where it asks, and where it writes down. */
export type Client = {
  readonly name: string
  readonly system: System
  readonly recorder: Recorder
  readonly random: Random
}

const PATIENCE_MS = 15_000
/** A request whose node has died is let through again after 30 s: few clients wait for that. */
const LATER_MS = 1_500
const STUBBORN_MS = 45_000
const STUBBORN = 0.05
const MOST_TRIES = 12

/** What a request that is not answered for good is asked again after. */
const pauseMs = (tries: number, random: Random) =>
  Math.min(1000, 40 * 2 ** tries) * random.between(0.5, 1)

/** `later`: an equal request is being worked on (CONTRACT 6: "waits or gets 409"). */
type Verdict = 'answered' | 'unsent' | 'later' | 'doubt'

const verdictOf = (heard: Heard, recorder: Recorder, path: string): Verdict => {
  if (heard.kind === 'unsent') return 'unsent'
  if (heard.kind === 'lost') return 'doubt'
  if (heard.status < 500)
    return heard.status === 409 && reasonIn(heard.body) === 'bad-request' ? 'later' : 'answered'
  if (heard.status !== 503) recorder.saw('alive', `${heard.status} from ${path}`)
  return 'doubt'
}

const whyOf = (heard: Heard): string => {
  switch (heard.kind) {
    case 'answer':
      return String(heard.status)
    case 'lost':
      return heard.why
    case 'unsent':
      return 'unsent'
  }
}

/** What a try came to, for itself. A repeat of what an earlier try has done answers 200 (CONTRACT 2). */
const resultOf = (heard: Heard): Result => {
  if (heard.kind !== 'answer' || heard.status >= 500) return { kind: 'unknown', why: whyOf(heard) }
  if (heard.status >= 400) return { kind: 'refused', reason: String(heard.status) }
  const isReplayed = heard.status === 200 || heard.headers['idempotent-replayed'] !== undefined
  return isReplayed ? { kind: 'ok', again: true } : { kind: 'ok' }
}

/** One try of several, with an answer of its own. */
const noteTry = (
  { recorder, name: process }: Client,
  { method, path }: Omit<Call, 'port'>,
  called: number,
  heard: Heard,
) => {
  const what = `${method} ${path.split('/')[3] ?? ''}`
  const isWrite = what === 'POST claims' ? ({ isWrite: true } as const) : {}
  const timed = { called, returned: recorder.now() }
  recorder.note({ op: 'try', process, what, ...isWrite, ...timed, result: resultOf(heard) })
}

/** The reason in a problem. */
export const reasonIn = (body: unknown): string | undefined => {
  const { reason } = (body ?? {}) as { reason?: unknown }
  return typeof reason === 'string' ? reason : undefined
}

/**
 * Asks until there is an answer, the same request to whatever node is there. `once`: at most one try that may have been
 * taken, for what is not the same when it is said twice.
 */
export const ask = async (
  client: Client,
  call: Omit<Call, 'port'>,
  once = false,
): Promise<Asked> => {
  const { system, recorder, random } = client
  const began = performance.now()
  const laterMs = random.happens(STUBBORN) ? STUBBORN_MS : LATER_MS
  let until = began + PATIENCE_MS
  let called: number | undefined
  let isInDoubt = false
  let why = 'nobody is there'
  for (let tries = 0; tries < MOST_TRIES && performance.now() < until; ) {
    const port = system.http(random)
    if (port !== undefined) {
      const at = recorder.now()
      const heard = await send({ ...call, port })
      const verdict = verdictOf(heard, recorder, call.path)
      why = whyOf(heard)
      const isFirst = called === undefined
      if (verdict !== 'unsent') called ??= at
      if (verdict === 'doubt' || (verdict === 'answered' && !isFirst))
        noteTry(client, call, at, heard)
      if (verdict === 'answered' && heard.kind === 'answer')
        return { called: called ?? at, returned: recorder.now(), answer: heard, isInDoubt, why }
      if (verdict === 'doubt') isInDoubt = true
      if (verdict === 'later') until = began + laterMs
      if (isInDoubt && once) break
      if (verdict === 'doubt') tries++
    }
    await sleep(pauseMs(Math.min(tries, 3), random))
  }
  const now = recorder.now()
  return { called: called ?? now, returned: now, answer: undefined, isInDoubt, why }
}
