import { hasCamera } from '../camera.ts'
import { hearing, make } from '../dom.ts'
import { type Draft, type Field, shownFields } from '../draft.ts'
import type { Way } from '../label.ts'
import type { Telling } from '../notice.ts'
import type { Settings } from '../settings.ts'
import { fieldView } from './field.ts'
import { noticeView } from './notice.ts'
import { quiet } from './quiet.ts'

/** What a person can do. */
export type Acts = {
  readonly submit: () => void
  readonly choose: (way: Way) => void
  readonly scan: () => void
  readonly picture: (file: File) => void
  /** Back to the form, with what stands in it. */
  readonly close: () => void
  /** Back to an empty form. */
  readonly again: () => void
}

export type FormStep = {
  readonly kind: 'form'
  readonly notice?: Telling | undefined
  readonly missing?: readonly Field[]
  readonly isBusy?: boolean
  /** A label has filled the fields: what is left is to say so. */
  readonly isRead?: boolean
}

const scanButtons = ({ words }: Settings, acts: Acts): HTMLElement => {
  const file = make('input', {
    type: 'file',
    accept: 'image/*',
    hidden: true,
    'aria-label': words.picture,
  })
  hearing(file, {
    change: () => {
      const [picture] = file.files ?? []
      if (picture !== undefined) acts.picture(picture)
    },
  })
  const picture = quiet(words.picture, 'picture-button', () => file.click(), 'picture')
  const scan = quiet(words.scan, 'scan-button', acts.scan, 'scan')
  return make('div', { class: 'scan' }, hasCamera() ? scan : undefined, picture, file)
}

const wayChoice = (
  draft: Draft,
  { words, ways }: Settings,
  acts: Acts,
): HTMLElement | undefined => {
  const shown = ways.includes(draft.way) ? ways : [...ways, draft.way]
  if (shown.length < 2) return undefined
  const options = shown.map((way) => {
    const input = make('input', {
      type: 'radio',
      name: 'way',
      value: way,
      id: `way-${way}`,
      checked: draft.way === way,
    })
    const name = make('span', {}, words.ways[way])
    return make('label', { part: 'way' }, hearing(input, { change: () => acts.choose(way) }), name)
  })
  return make(
    'fieldset',
    { class: 'ways', part: 'ways' },
    make('legend', { class: 'unseen' }, words.wayLegend),
    ...options,
  )
}

/** The form: scan, or choose what you have and type it. */
export const formView = (
  step: FormStep,
  draft: Draft,
  settings: Settings,
  acts: Acts,
): readonly HTMLElement[] => {
  const { words, isOn } = settings
  const { missing = [], isBusy = false, isRead = false } = step
  const notice = step.notice?.(words)
  const isHeld = notice?.until !== undefined
  const button = make(
    'button',
    {
      type: 'submit',
      class: 'main',
      part: 'button',
      'aria-disabled': (isBusy || isHeld) && 'true',
    },
    isBusy ? make('span', { class: 'spinner', 'aria-hidden': 'true' }) : undefined,
    isBusy ? words.sending : words.button,
  )
  const release = () => {
    button.removeAttribute('aria-disabled')
    form.querySelector('.notice')?.remove()
  }
  const form = hearing(
    make(
      'form',
      { novalidate: true, part: 'form', 'aria-busy': isBusy && 'true' },
      isRead ? undefined : wayChoice(draft, settings, acts),
      ...shownFields(draft, settings).map((field) =>
        fieldView({ field, draft, settings, isMissing: missing.includes(field) }),
      ),
      notice === undefined ? undefined : noticeView(notice, release),
      button,
    ),
    {
      submit: (event) => {
        event.preventDefault()
        if (button.getAttribute('aria-disabled') === null) acts.submit()
      },
    },
  )
  if (isRead) return [form, quiet(words.instead, 'again-button', acts.again)]
  if (isOn('no-scan')) return [form]
  return [
    ...(words.intro === '' ? [] : [make('p', { class: 'intro', part: 'intro' }, words.intro)]),
    scanButtons(settings, acts),
    make('div', { class: 'or', 'aria-hidden': 'true' }, make('span', {}, words.or)),
    form,
  ]
}
