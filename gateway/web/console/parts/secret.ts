import { codeIn } from '../../../../shared/labels/code.ts'
import { pathOf } from '../../../../shared/labels/svg.ts'
import { draw, hearing, make } from '../../widget/dom.ts'
import type { Room } from '../room.ts'
import { act } from './controls.ts'
import { openDialog } from './dialog.ts'

type Shown = { readonly name: string; readonly text: string }
type Label = {
  readonly title: string
  readonly text: string
  readonly url: string
  /** What it is for, to be read by people. */
  readonly of: string
}

const SIDE = 100

/** A QR code, black on white in any colour scheme, so that every scanner reads it. */
const qrCode = (url: string, name: string): SVGElement => {
  const box = { x: 0, y: 0, width: SIDE, height: SIDE }
  return draw(
    'svg',
    { viewBox: `0 0 ${SIDE} ${SIDE}`, class: 'qr', role: 'img', 'aria-label': name },
    draw('rect', { width: String(SIDE), height: String(SIDE), fill: '#fff' }),
    draw('path', { d: pathOf(codeIn(url, box).rects), fill: '#000' }),
  )
}

const secretLine = ({ words }: Pick<Room, 'words'>, { name, text }: Shown): HTMLElement => {
  const button = make('button', { type: 'button', class: 'quiet' }, words.copy)
  const done = make('span', { role: 'status', class: 'unseen' })
  hearing(button, {
    click: () => {
      void navigator.clipboard?.writeText(text).then(
        () => {
          button.textContent = words.copied
          done.textContent = words.copied
        },
        // Where the browser does not let us, the text can still be marked.
        () => undefined,
      )
    },
  })
  return make(
    'div',
    { class: 'secret' },
    make('span', { class: 'name' }, name),
    make(
      'code',
      { tabindex: '0', role: 'textbox', 'aria-readonly': 'true', 'aria-label': name },
      text,
    ),
    button,
    done,
  )
}

/** Shows what can be read only now. With the dialog it is gone from the page. */
export const showOnce = (
  room: Pick<Room, 'words' | 'signal'>,
  title: string,
  shown: readonly Shown[],
  label?: Label,
): void => {
  const { words } = room
  openDialog(room, title, (close) => [
    make('p', { class: 'once' }, words.once),
    ...shown.map((one) => secretLine(room, one)),
    ...(label === undefined
      ? []
      : [
          make(
            'figure',
            {},
            qrCode(label.url, label.title),
            make('figcaption', {}, make('strong', {}, label.of), make('p', {}, label.text)),
          ),
        ]),
    make(
      'div',
      { class: 'buttons' },
      label === undefined ? undefined : act(words.print, () => print()),
      hearing(make('button', { type: 'button', class: 'main' }, words.close), { click: close }),
    ),
  ])
}
