import type { ProjectId } from '../model/ids.ts'
import type { Seed } from '../registry/one-time-tokens.ts'
import { keys } from '../store/keys.ts'
import type { Change, Member, Store } from '../store/port.ts'
import { put } from '../store/transact.ts'
import type { LetterName } from './letters.ts'

/** How a message travels. Each way has queues and a courier of its own, so that one cannot hold up the other. */
export type Way = 'mail' | 'sms'

/** Where the nodes are woken. */
export const CHANNELS: Readonly<Record<Way, string>> = { mail: 'mail', sms: 'sms' }

type Waiting = {
  readonly id: string
  readonly project: ProjectId
  readonly to: string
  readonly askedAt: number
  /** When it is to be tried; while somebody is trying it, when he is given up. Its member of the queue says the same. */
  readonly dueAt: number
  /** Given up then. */
  readonly until: number
  /** Rises with every try, so that who was too slow knows that another has taken over. */
  readonly tries: number
}

/** A message that waits. No token lies here: only what it is derived from. */
export type WaitingLetter =
  | (Waiting & {
      readonly way: 'mail'
      readonly letter: LetterName
      readonly about: string
      readonly seed?: Seed
      readonly expiresAt?: number
    })
  | (Waiting & { readonly way: 'sms'; readonly seed: Seed; readonly expiresAt: number })

/** Messages of one project that may wait, each way. */
export const LONGEST_QUEUE = 10_000

const memberOf = ({ project, way, id, dueAt }: WaitingLetter): Member => ({
  index: keys.letters(project, way),
  member: `${String(dueAt).padStart(15, '0')} ${id}`,
})

/** What a member of a queue says: which letter is to be tried when. Members are in the order of their time. */
export const readMember = (member: string) => ({
  dueAt: Number(member.slice(0, 15)),
  id: member.slice(16),
})

/** Kept past its end, so that giving up is seen and said even after a day without anybody who sends. */
const SEEN_MS = 86_400_000

const keptIn = (letter: WaitingLetter) =>
  put(keys.letter(letter.project, letter.id), letter, letter.until + SEEN_MS)

/** A new letter in its queue. */
export const queued = (letter: WaitingLetter): Change => ({
  put: [keptIn(letter)],
  add: [memberOf(letter)],
})

/** A letter that is to be looked at later: being tried, or to be tried again. */
export const moved = (before: WaitingLetter, after: WaitingLetter): Change => ({
  put: [keptIn(after)],
  ...(before.dueAt === after.dueAt ? {} : { add: [memberOf(after)], drop: [memberOf(before)] }),
})

/** A letter that is done with. */
export const ended = (letter: WaitingLetter): Change => ({
  remove: [keys.letter(letter.project, letter.id)],
  drop: [memberOf(letter)],
})

/** Whether one more may wait. Reads as much as there is, which is next to nothing while messages are being sent. */
export const hasRoom = async (store: Store, project: ProjectId, way: Way): Promise<boolean> =>
  (await store.list(keys.letters(project, way), { limit: LONGEST_QUEUE })).length < LONGEST_QUEUE
