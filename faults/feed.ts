import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from './app.ts'
import { send } from './http.ts'

/** The feed of a project, followed from node to node by the id of the last event that came. */
export type Feed = {
  /** Resolves when something has come: from then on nothing is missed. */
  readonly first: Promise<void>
  readonly close: () => Promise<void>
}

const POLL_MS = 3_000

type Event = {
  readonly id: string
  readonly type: string
  readonly subject?: string
  readonly epoch?: number
  readonly home?: string
  readonly data: { readonly epoch?: number }
}

/** Whose the device is from this event on, and since which epoch. */
const changeIn = ({ type, epoch, home, data }: Event) => {
  if (type === 'latchkey.device.claimed') return { epoch, owner: home ?? null }
  if (type === 'latchkey.device.released') return { epoch: data.epoch, owner: null }
  return undefined
}

/** Follows the feed of a maker. What came before the first answer is not in it. */
export const followFeed = (app: App): Feed => {
  const { system, recorder, random, name: process, token } = app
  let begin: () => void = () => undefined
  const first = new Promise<void>((resolve) => {
    begin = resolve
  })
  let after: string | undefined
  let isClosing = false
  recorder.note({ op: 'listener', process, hears: 'feed' })

  const take = (event: Event) => {
    after = event.id
    begin()
    const change = changeIn(event)
    if (change?.epoch === undefined || event.subject === undefined) return
    const { epoch, owner } = change
    const device = event.subject
    recorder.note({ op: 'notice', process, device, id: event.id, epoch, owner, at: recorder.now() })
  }

  const poll = async () => {
    const port = system.http(random)
    const path = `/latchkey/v1/events?waitMs=${POLL_MS}${after === undefined ? '' : `&after=${after}`}`
    const heard =
      port === undefined
        ? undefined
        : await send({ port, method: 'GET', path, token, waitMs: POLL_MS * 3 })
    if (heard?.kind === 'answer' && heard.status === 200) {
      for (const event of (heard.body as { items: Event[] }).items) take(event)
      return
    }
    if (heard?.kind === 'answer' && heard.status < 500)
      recorder.saw('I6', `the feed cannot be followed: ${heard.status}`)
    await sleep(50)
  }

  const follow = async () => {
    while (!isClosing) await poll()
  }
  const followed = follow()

  return {
    first,
    async close() {
      isClosing = true
      await followed
    },
  }
}
