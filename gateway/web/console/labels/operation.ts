import { make } from '../../widget/dom.ts'
import { pause } from '../../widget/stream.ts'
import { withQuery } from '../api.ts'
import { card } from '../parts/card.ts'
import { act } from '../parts/controls.ts'
import { failureView } from '../parts/said.ts'
import { facts, tableOf } from '../parts/table.ts'
import type { Room } from '../room.ts'
import { progressBar } from './progress.ts'
import type { LabelWords } from './words.ts'

const COUNTS = ['rows', 'created', 'updated', 'unchanged', 'failed'] as const

type Faults = {
  readonly line: number
  readonly errors: readonly { readonly path: string; readonly message: string }[]
}

/** An import as the server tells it. */
type Operation = Readonly<Record<(typeof COUNTS)[number] | 'bytes' | 'bytesDone', number>> & {
  readonly state: 'waiting' | 'running' | 'done'
  readonly errors: readonly Faults[]
  readonly next?: string
}

const LOOK_MS = 500
const AT_ONCE = 100

const faultText = ({ errors }: Faults): string =>
  errors.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')

/** Rows that were refused, a page more whenever it is asked for one; the server describes 1000 of them. */
const faultsCard = (
  room: Room,
  { operation: said }: LabelWords,
  path: string,
  first: Operation,
) => {
  const table = tableOf<Faults>(
    said.faults,
    [
      { head: said.line, isMain: true, cell: ({ line }) => room.format.number(line) },
      { head: said.fault, cell: faultText },
    ],
    ({ line }) => String(line),
  )
  const foot = make('div', { class: 'foot' })

  const show = ({ errors, next }: Operation): void => {
    for (const one of errors) table.put(one)
    foot.replaceChildren(
      ...(next === undefined ? [] : [act(room.words.more, () => void load(next))]),
    )
  }
  const load = async (after: string): Promise<void> => {
    const answer = await room.api.get<Operation>(withQuery(path, { after, limit: String(AT_ONCE) }))
    if (room.signal.aborted) return
    if (answer.ok) show(answer.body)
    else foot.replaceChildren(failureView(room, answer.failure, () => void load(after)))
  }

  show(first)
  return card('faults-title', said.faults, table.element, foot)
}

/** How far an import is, and then what it did and what it refused. `onDone`: there are results. */
export const operationCard = (
  room: Room,
  words: LabelWords,
  path: string,
  onDone: () => void,
): HTMLElement => {
  const { operation: said } = words
  const bar = progressBar(said.progress)
  const state = make('p', { role: 'status' }, room.words.loading)
  const counts = make('div', {})
  const element = card('operation-title', said.title, state, bar.element, counts)

  const show = (operation: Operation): void => {
    state.textContent = said[operation.state]
    bar.at(operation.bytesDone, operation.bytes)
    counts.replaceChildren(
      facts(COUNTS.map((name) => [said[name], room.format.number(operation[name])])),
    )
  }

  const watch = async (): Promise<void> => {
    while (!room.signal.aborted) {
      const answer = await room.api.get<Operation>(withQuery(path, { limit: String(AT_ONCE) }))
      if (room.signal.aborted) return
      if (!answer.ok) {
        counts.replaceChildren(failureView(room, answer.failure, () => void watch()))
        return
      }
      show(answer.body)
      if (answer.body.state === 'done') {
        if (answer.body.failed > 0) element.after(faultsCard(room, words, path, answer.body))
        return onDone()
      }
      await pause(LOOK_MS, room.signal)
    }
  }

  void watch()
  return element
}
