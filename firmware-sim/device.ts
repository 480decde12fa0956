import { Refused, WrongUsage } from './failure.ts'
import { type Link, type LinkOptions, openLink } from './link.ts'
import { type Heard, type Message, OWN_TOKEN, type Window } from './platforms/platform.ts'
import { type PlatformName, platformOf } from './platforms/table.ts'
import { within } from './within.ts'

type Owner = Extract<Heard, { kind: 'owner' }>
type Result = Extract<Heard, { kind: 'result' }>

/** How a simulated device connects. `onHeard` gets every message, also those before the first `await` returns. */
export type DeviceOptions = LinkOptions & {
  /** Default `latchkey`. */
  readonly platform?: PlatformName | undefined
  readonly onHeard?: ((heard: Heard) => void) | undefined
}

/** A simulated device that is connected, comes back when cut off, and acknowledges every command. */
export type SimDevice = {
  readonly platform: PlatformName
  readonly say: (message: Message) => Promise<void>
  /** What was last heard of the owner; undefined before, and on platforms that do not tell. */
  readonly owner: () => Owner | undefined
  /** Calls the listener with everything heard from now on; returns the way to stop. */
  readonly listen: (listener: (heard: Heard) => void) => () => void
  readonly close: () => Promise<void>
}

/** What came of opening a window. `sent` where the platform tells a device nothing but the PUBACK. */
export type WindowOutcome =
  | {
      readonly state: 'open'
      readonly id: string | undefined
      readonly expiresAt: string | undefined
    }
  | { readonly state: 'sent' }
  /** The other half was there already. */
  | { readonly state: 'claimed' }
  | { readonly state: 'refused'; readonly reason: string }

/** What came of bringing a code. */
export type CodeOutcome =
  | { readonly state: 'claimed'; readonly epoch: number | undefined }
  | { readonly state: 'refused'; readonly reason: string }

const ANSWER_MS = 30_000

/** Connects a device. Rejects with `Refused` for bad credentials, `Unreachable` after `timeoutMs`. */
export const connectDevice = async (options: DeviceOptions): Promise<SimDevice> => {
  const platform = options.platform ?? 'latchkey'
  const side = platformOf(platform).device
  const own = (topic: string) => topic.replace(OWN_TOKEN, options.token)
  const listeners = new Set<(heard: Heard) => void>()
  if (options.onHeard) listeners.add(options.onHeard)
  let owner: Owner | undefined
  // A command may arrive before the link is handed over; it is answered as soon as it can be.
  const unanswered: string[] = []
  let link: Link | undefined
  const say = async ({ topic, payload }: Message) => link?.say({ topic: own(topic), payload })
  const answerCommands = () => {
    if (!link) return
    // A lost acknowledgement is no loss: the command comes again.
    for (const id of unanswered.splice(0)) say(side.ack(id)).catch(() => {})
  }
  const opened = await openLink({
    ...options,
    isAnonymous: side.hasTokenInTopics,
    subscriptions: side.subscriptions.map(own),
    onMessage(topic, payload) {
      const heard = side.read(topic.replace(options.token, OWN_TOKEN), payload)
      if (heard === undefined) return
      if (heard.kind === 'owner') owner = heard
      if (heard.kind === 'command') unanswered.push(heard.id)
      for (const listener of listeners) listener(heard)
      answerCommands()
    },
  })
  link = opened
  answerCommands()
  return {
    platform,
    say,
    close: opened.close,
    owner: () => owner,
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The first thing heard that `wanted` accepts; `Unreachable`, naming `words`, after `timeoutMs` (default 30 s). */
export const hear = <T extends Heard>(
  device: SimDevice,
  wanted: (heard: Heard) => heard is T,
  timeoutMs = ANSWER_MS,
  words = 'answer from the platform',
): Promise<T> => {
  let stop = () => {}
  const heard = new Promise<T>((resolve) => {
    stop = device.listen((said) => {
      if (wanted(said)) resolve(said)
    })
  })
  return within(timeoutMs, words, heard).finally(() => stop())
}

const isAnswer = (heard: Heard): heard is Result | Owner =>
  heard.kind === 'result'
    ? heard.state === 'open' || heard.state === 'refused'
    : heard.kind === 'owner' && heard.claimed

/** Opens a claim window and waits for the platform's answer, as far as it gives one. */
export const openWindow = async (
  device: SimDevice,
  window: Window,
  timeoutMs = ANSWER_MS,
): Promise<WindowOutcome> => {
  const side = platformOf(device.platform).device
  const answer = side.answers ? hear(device, isAnswer, timeoutMs) : undefined
  // Handled here, so that a failed publish does not leave the answer's own failure unheard.
  answer?.catch(() => {})
  try {
    await device.say(side.open(window))
  } catch (error) {
    if (error instanceof Refused) return { state: 'refused', reason: error.message }
    throw error
  }
  const result = await answer
  if (result === undefined) return { state: 'sent' }
  if (result.kind === 'owner') return { state: 'claimed' }
  if (result.state === 'refused') return { state: 'refused', reason: result.reason ?? 'unknown' }
  return { state: 'open', id: result.id, expiresAt: result.expiresAt }
}

const isVerdict = (heard: Heard): heard is Result =>
  heard.kind === 'result' && (heard.state === 'claimed' || heard.state === 'refused')

/** Brings a code that an account made, and waits until the platform says what came of it. */
export const presentCode = async (
  device: SimDevice,
  code: string,
  timeoutMs = ANSWER_MS,
): Promise<CodeOutcome> => {
  const { present } = platformOf(device.platform).device
  if (present === undefined) throw new WrongUsage('devices bring no codes on this platform')
  const verdict = hear(device, isVerdict, timeoutMs)
  // Handled here, so that a failed publish does not leave the answer's own failure unheard.
  verdict.catch(() => {})
  try {
    await device.say(present(code))
  } catch (error) {
    if (error instanceof Refused) return { state: 'refused', reason: error.message }
    throw error
  }
  const { state, reason, epoch } = await verdict
  return state === 'claimed' ? { state, epoch } : { state: 'refused', reason: reason ?? 'unknown' }
}

/** Resolves when the device knows that it is owned (or, with `claimed` false, that it is not). */
export const untilOwner = async (
  device: SimDevice,
  claimed = true,
  timeoutMs = ANSWER_MS,
): Promise<Owner> => {
  const known = device.owner()
  if (known?.claimed === claimed) return known
  const isWanted = (heard: Heard): heard is Owner =>
    heard.kind === 'owner' && heard.claimed === claimed
  return hear(device, isWanted, timeoutMs, claimed ? 'owner' : 'release')
}

/** Sends so many events (telemetry, where the platform calls it that), each acknowledged before the next. */
export const sendEvents = async (device: SimDevice, count: number): Promise<void> => {
  const { event } = platformOf(device.platform).device
  for (let sent = 1; sent <= count; sent += 1) await device.say(event(sent))
}
