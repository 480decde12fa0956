import { draw, make } from '../../widget/dom.ts'
import type { Room } from '../room.ts'
import type { Counts } from '../shapes.ts'

const WIDTH = 600
const HEIGHT = 160
/** Of a bar's place, what it fills. */
const FILLED = 0.72

export const refusedIn = ({ refused }: Counts): number =>
  Object.values(refused).reduce((sum, count) => sum + count, 0)

/** The next number that is good to read: 1, 2 or 5, and noughts. */
export const roundUp = (value: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)))
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value
}

const bar = (place: number, count: number, from: number, to: number, look: string) => {
  const step = WIDTH / count
  return draw('rect', {
    x: (place * step + ((1 - FILLED) / 2) * step).toFixed(2),
    width: (step * FILLED).toFixed(2),
    y: (HEIGHT * (1 - to)).toFixed(2),
    height: Math.max(0, HEIGHT * (to - from)).toFixed(2),
    class: look,
  })
}

/** Claimed and refused over time, one bar on the other. What it shows stands beside it as a table. */
export const rateChart = (
  { words, format }: Pick<Room, 'words' | 'format'>,
  items: readonly Counts[],
  timeOf: (at: string) => string,
): HTMLElement => {
  const top = roundUp(Math.max(1, ...items.map((one) => one.claimed + refusedIn(one))))
  const sum = (of: (one: Counts) => number) => items.reduce((all, one) => all + of(one), 0)
  const { overview } = words
  const title = overview.rateText(
    format.number(sum(({ claimed }) => claimed)),
    format.number(sum(refusedIn)),
  )
  const svg = draw(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': title,
    },
    ...[0, 0.5, 1].map((part) =>
      draw('line', {
        x1: '0',
        x2: String(WIDTH),
        y1: String(HEIGHT * part),
        y2: String(HEIGHT * part),
      }),
    ),
    ...items.flatMap((one, place) => {
      const [good, all] = [one.claimed / top, (one.claimed + refusedIn(one)) / top]
      return [
        bar(place, items.length, 0, good, 'claimed'),
        bar(place, items.length, good, all, 'refused'),
      ].filter((rect) => rect.getAttribute('height') !== '0.00')
    }),
  )
  const ends = [items[0], items[Math.floor(items.length / 2)], items.at(-1)]
  return make(
    'div',
    { class: 'chart' },
    make(
      'div',
      { class: 'scale', 'aria-hidden': 'true' },
      ...[top, top / 2, 0].map((value) => make('span', {}, format.number(value))),
    ),
    make('div', { class: 'plot' }, svg),
    make(
      'div',
      { class: 'times', 'aria-hidden': 'true' },
      ...ends.map((one) => make('span', {}, one === undefined ? '' : timeOf(one.at))),
    ),
  )
}

type Bar = {
  readonly name: string
  readonly count: number
  readonly look?: string
  readonly more?: string
}

/** Bars with their names and counts: the longest is as long as the place. */
export const barList = ({ format }: Pick<Room, 'format'>, bars: readonly Bar[]): HTMLElement => {
  const most = Math.max(1, ...bars.map(({ count }) => count))
  return make(
    'ul',
    { class: 'bars' },
    ...bars.map(({ name, count, look = '', more }) =>
      make(
        'li',
        {},
        make(
          'span',
          { class: 'name' },
          name,
          more === undefined ? undefined : make('small', {}, ` ${more}`),
        ),
        make('span', { class: 'count' }, format.number(count)),
        draw(
          'svg',
          { class: 'bar', 'aria-hidden': 'true' },
          draw('rect', { class: 'back', width: '100%', height: '100%', rx: '4' }),
          draw('rect', { class: look, width: `${(100 * count) / most}%`, height: '100%', rx: '4' }),
        ),
      ),
    ),
  )
}
