import type { Labelled } from '../../../../shared/labels/content.ts'
import { make } from '../../widget/dom.ts'
import { card } from '../parts/card.ts'
import { act } from '../parts/controls.ts'
import { awaited } from '../parts/said.ts'
import type { Room } from '../room.ts'
import { save } from './download.ts'
import { sheetCard } from './sheet.ts'
import type { LabelWords } from './words.ts'

/** Labels that a page draws; the command draws any number. */
const MOST_LABELS = 5000

type Row = { readonly name?: string; readonly boxKey?: string }

/** The rows with a new box key: the first of them, and how many there are. */
const labelsIn = (text: string) => {
  const labels: Labelled[] = []
  let count = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const { name, boxKey } = JSON.parse(line) as Row
    if (name === undefined || boxKey === undefined) continue
    count += 1
    if (labels.length < MOST_LABELS) labels.push({ name, secret: boxKey })
  }
  return { labels, count }
}

const drawn = (room: Room, words: LabelWords, content: Blob, text: string) => {
  const { operation: said } = words
  const { labels, count } = labelsIn(text)
  const number = room.format.number
  const most =
    count > labels.length
      ? make('p', {}, said.tooMany(number(count), number(MOST_LABELS)))
      : undefined
  return [
    card(
      'results-title',
      said.results,
      make('p', {}, said.resultsText),
      make('p', { class: 'hint' }, `${count === 0 ? `${said.noKeys} ` : ''}${said.ownKeys}`),
      most,
      make(
        'div',
        { class: 'acts' },
        act(said.save, () => save('devices.ndjson', content, room.signal)),
      ),
    ),
    ...(count === 0 ? [] : [sheetCard(room, words, labels, false)]),
  ]
}

/** What an import has made: a file of it, and labels for the new keys. */
export const resultsView = (room: Room, words: LabelWords, path: string): HTMLElement =>
  awaited<{ readonly content: Blob; readonly text: string } | undefined>(
    room,
    4,
    async () => {
      const answer = await room.api.fetch(`${path}/results`)
      if (answer.ok)
        return { ok: true, body: { content: answer.body, text: await answer.body.text() } }
      // There is such an operation, so it is another maker's.
      const { failure } = answer
      return failure.kind === 'refused' && failure.status === 404
        ? { ok: true, body: undefined }
        : { ok: false, failure }
    },
    (found) =>
      found === undefined
        ? [card('results-title', words.operation.results, make('p', {}, words.operation.foreign))]
        : drawn(room, words, found.content, found.text),
  )
