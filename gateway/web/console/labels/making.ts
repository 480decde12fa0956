import type { Labelled } from '../../../../shared/labels/content.ts'
import { type Api, type Failure, sayingOf } from '../api.ts'
import type { Room } from '../room.ts'
import type { FleetDevice } from '../shapes.ts'
import type { LabelWords } from './words.ts'

/** A device that has no label, and why, in people's words. */
export type Refused = { readonly device: FleetDevice; readonly why: string }

type One = { readonly labelled: Labelled } | { readonly failure: Failure | 'owned' }

type Making = {
  readonly expiresAt: string
  /** Those whose turn has not come are left as they are. */
  readonly signal: AbortSignal
  /** Told how many are done. */
  readonly onOne: (done: number) => void
}

/** Requests that are under way at once. */
const AT_ONCE = 4

/** Its name as it is now is what stands on the label; who has an owner by now is left alone. */
const makeKey = async (api: Api, id: string, expiresAt: string): Promise<One> => {
  const path = encodeURIComponent(id)
  const present = await api.get<FleetDevice>(`/fleet/${path}`)
  if (!present.ok) return { failure: present.failure }
  if (present.body.claimed) return { failure: 'owned' }
  const made = await api.put<{ secret: string }>(`/devices/${path}/box-key`, { expiresAt })
  if (!made.ok) return { failure: made.failure }
  return { labelled: { name: present.body.name, secret: made.body.secret } }
}

/** Makes a key for each device, a few at a time. What is refused to one stops no other; all are in the order of the devices. */
export const makeKeys = async (
  { api, words: said }: Pick<Room, 'api' | 'words'>,
  { refused: words }: LabelWords,
  devices: readonly FleetDevice[],
  { expiresAt, signal, onOne }: Making,
): Promise<{ readonly labels: readonly Labelled[]; readonly refused: readonly Refused[] }> => {
  const made = new Map<string, One>()
  const waiting = [...devices]
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (signal.aborted) return
      made.set(next.id, await makeKey(api, next.id, expiresAt))
      onOne(made.size)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))

  const whyOf = (one: Exclude<One, { labelled: Labelled }> | undefined): string => {
    if (one === undefined) return words.stopped
    return one.failure === 'owned' ? words.owned : sayingOf(one.failure, said).join('. ')
  }
  const labels: Labelled[] = []
  const refused: Refused[] = []
  for (const device of devices) {
    const one = made.get(device.id)
    if (one !== undefined && 'labelled' in one) labels.push(one.labelled)
    else refused.push({ device, why: whyOf(one) })
  }
  return { labels, refused }
}
