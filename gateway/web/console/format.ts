import { make } from '../widget/dom.ts'
import type { Words } from './words.ts'

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]

/** Numbers and times as a reader of that language writes them. */
export const createFormat = ({ lang, never, now }: Pick<Words, 'lang' | 'never' | 'now'>) => {
  const locale = lang === 'en' ? 'en-GB' : lang
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  const away = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  const count = new Intl.NumberFormat(locale)

  const relative = (at: number): string => {
    const left = at - Date.now()
    const [unit, ms] = UNITS.find(([, length]) => Math.abs(left) >= length) ?? ['second', 1000]
    return Math.abs(left) < 1000 ? now : away.format(Math.trunc(left / ms), unit)
  }

  const stamp = (text: string, at: string, title: string): HTMLElement =>
    make('time', { datetime: at, title }, text)

  return {
    number: (value: number): string => count.format(value),
    /** As long ago or away as it is, with the exact time for who points at it. */
    ago: (at: string | undefined): HTMLElement | string =>
      at === undefined ? never : stamp(relative(Date.parse(at)), at, exact.format(Date.parse(at))),
    /** The exact time. */
    exact: (at: string): HTMLElement => stamp(exact.format(Date.parse(at)), at, at),
    day: (at: string): HTMLElement => stamp(day.format(Date.parse(at)), at, at),
    clock: (at: string): string => clock.format(Date.parse(at)),
    dayText: (at: string): string => day.format(Date.parse(at)),
  }
}

export type Format = ReturnType<typeof createFormat>
