import { countdown } from '../countdown.ts'
import { make } from '../dom.ts'
import { icon } from '../icons.ts'
import type { Notice } from '../notice.ts'

/** A notice above the button: said at once by a screen reader, without its countdown. */
export const noticeView = ({ tone, title, text, until }: Notice, onEnd: () => void) => {
  const said = make(
    'div',
    { role: tone === 'bad' ? 'alert' : 'status' },
    make('strong', { part: 'notice-title' }, title),
    make('p', { part: 'notice-text' }, text),
  )
  return make(
    'div',
    { class: `notice ${tone}`, part: `notice ${tone}` },
    icon(tone),
    said,
    until === undefined ? undefined : countdown(until, onEnd),
  )
}
