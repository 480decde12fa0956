import { createHmac } from 'node:crypto'
import { happeningOf } from '../delivery/replay.ts'
import type { DeviceEventBody, DeviceEvents } from '../dialects/mode-events.ts'
import type { Digests } from '../guard/digests.ts'
import type { Log } from '../log.ts'
import type { Happening } from '../model/events.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Logged, Store } from '../store/port.ts'
import { type Found, found, put, unchanged } from '../store/transact.ts'
import type { MayReach } from './networks.ts'
import { type Answer, CALL_MS, post } from './post.ts'
import type { Progress, Webhook } from './records.ts'

export type TellerOptions = {
  readonly store: Store
  readonly events: DeviceEvents
  readonly digests: Pick<Digests, 'webhookKey'>
  readonly mayReach: MayReach
  /** This node. */
  readonly node: string
  readonly log: Log
  readonly now: () => number
  /** A random integer from 0 (inclusive) to `below` (exclusive). */
  readonly random: (below: number) => number
  /** Aborted: what is under way is given back. */
  readonly signal: AbortSignal
}

/** Who tells a webhook has it for so long, and longer with every step; then another node may take it. */
const LEASE_MS = 3 * CALL_MS
const AT_ONCE = 100
/** A turn is over then, so that a busy or slow webhook does not keep others waiting. */
const TURN_MS = CALL_MS
const SHORTEST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 300_000
/** An event that could not be told for so long is given up. */
export const LONGEST_MS = 86_400_000
/** Statuses of the 400s that may pass: RFC 9110, RFC 8470, RFC 6585, or that the receiver does not know the key yet. */
const MAY_PASS: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429])

/** A second after the first failure, twice that after each more, five minutes at most; half of it by chance. */
export const pauseAfter = (tries: number, random: (below: number) => number): number => {
  const longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** (tries - 1))
  return Math.ceil(longest / 2) + random(Math.floor(longest / 2) + 1)
}

type Wanted = { readonly said: DeviceEventBody; readonly happening: Happening }
type Outcome = 'told' | { readonly failure: string; readonly isFinal: boolean }

const outcomeOf = (answer: Answer): Outcome => {
  if (answer.kind === 'failed') return { failure: answer.cause, isFinal: false }
  const { status } = answer
  if (status >= 200 && status < 300) return 'told'
  const isFinal = status >= 400 && status < 500 && !MAY_PASS.has(status)
  return { failure: `status ${status}`, isFinal }
}

/**
 * Tells one webhook what lies in the feed of its project, in order: the next one when the last was answered. How far it came
 * lies in the store, so that after a crash it goes on there; an event is told at least once, and twice only when a node dies
 * between the answer and noting it. A step that finds the record changed stops: another node has taken over, or it is gone.
 */
export const createTeller = (options: TellerOptions) => {
  const { store, events, digests, mayReach, node, log, now, random, signal } = options

  const look = async (project: ProjectId, id: string) => {
    const wanted = [keys.webhook(project, id), keys.webhookProgress(project, id)] as const
    const [webhook, progress] = await store.read(wanted)
    return {
      webhook: found<Webhook>(wanted[0], webhook).value,
      progress: found<Progress>(wanted[1], progress),
    }
  }

  /** Notes how far it came. `undefined`: somebody else has it. */
  const note = async (
    before: Found<Progress>,
    after: Progress,
  ): Promise<Found<Progress> | undefined> => {
    const isNoted = await store.commit({
      expect: [unchanged(before)],
      put: [put(before.key, after)],
    })
    if (!isNoted) return undefined
    const [entry] = await store.read([before.key])
    const present = found<Progress>(before.key, entry)
    const isOurs = JSON.stringify(present.value) === JSON.stringify(after)
    return isOurs ? present : undefined
  }

  const call = async ({ id, url }: Webhook, event: string, said: DeviceEventBody) => {
    const body = JSON.stringify(said)
    // hex HMAC-SHA256(key, url + body): research/mode_thethings_thingful.md 1.2, Smart Module.
    const signature = createHmac('sha256', digests.webhookKey(id))
      .update(url + body)
      .digest('hex')
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'latchkey',
      'x-mode-signature': signature,
      // The same at every try.
      'x-latchkey-event-id': event,
    }
    return outcomeOf(await post({ url, body, headers, mayReach, signal }))
  }

  /** The event of a line, as it is told to this webhook. `undefined`: it is not wanted, or nobody is meant. */
  const wantedOf = async (
    { project, events: wanted }: Webhook,
    line: Logged,
  ): Promise<Wanted | undefined> => {
    const happening = happeningOf(line)
    if (happening === undefined) return undefined
    const said = await events.bodyOf(project, happening)
    if (said === undefined) return undefined
    if (wanted !== undefined && !wanted.some((type) => type === said.eventType)) return undefined
    return { said, happening }
  }

  const tell = async (webhook: Webhook, { said, happening }: Wanted): Promise<Outcome> =>
    now() - happening.at > LONGEST_MS
      ? { failure: 'its time is over', isFinal: true }
      : call(webhook, happening.id, said)

  const taken = () => ({ node, until: now() + LEASE_MS })

  /** Tells what there is, up to a turn. Answers when to come again (epoch ms); `undefined`: when something happens. */
  const turn = async (project: ProjectId, id: string): Promise<number | undefined> => {
    const { webhook, progress } = await look(project, id)
    const present = progress.value
    if (webhook === undefined || present === undefined) return undefined
    const { teller } = present
    if (teller !== undefined && teller.node !== node && now() < teller.until) return teller.until
    if (now() < present.dueAt) return present.dueAt
    const lines = await store.tail(keys.events(project), present.place, AT_ONCE)
    if (lines.length === 0) return undefined
    const held = await note(progress, { ...present, teller: taken() })
    return held === undefined ? now() + LEASE_MS : goThrough(webhook, held, lines)
  }

  const goThrough = async (
    webhook: Webhook,
    held: Found<Progress>,
    lines: readonly Logged[],
  ): Promise<number | undefined> => {
    let noted = held
    let progress = held.value as Progress
    const end = now() + TURN_MS
    for (const line of lines) {
      if (now() >= end || signal.aborted) break
      const wanted = await wantedOf(webhook, line)
      if (wanted === undefined) {
        progress = { ...progress, place: line.place }
        continue
      }
      const outcome = await tell(webhook, wanted)
      if (signal.aborted && outcome !== 'told') break
      if (outcome !== 'told' && !outcome.isFinal) return postponed(noted, progress, outcome.failure)
      if (outcome !== 'told')
        log.warn({ webhook: webhook.id, cause: outcome.failure }, 'an event is given up')
      const { failure: _failure, ...rest } = progress
      progress = { ...rest, place: line.place, tries: 0, teller: taken() }
      const after = await note(noted, progress)
      if (after === undefined) return now() + LEASE_MS
      noted = after
    }
    const { teller: _teller, ...free } = progress
    await note(noted, free)
    return now()
  }

  const postponed = async (noted: Found<Progress>, progress: Progress, failure: string) => {
    const { teller: _teller, ...free } = progress
    const tries = progress.tries + 1
    const dueAt = now() + pauseAfter(tries, random)
    await note(noted, { ...free, tries, dueAt, failure })
    return dueAt
  }

  return { turn }
}

export type Teller = ReturnType<typeof createTeller>
