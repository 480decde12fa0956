import { hearing, make } from '../dom.ts'
import type { Draft, Field } from '../draft.ts'
import type { Settings } from '../settings.ts'
import type { Words } from '../words.ts'
import { eye } from './eye.ts'

const REQUIRED = {
  device: 'deviceRequired',
  secret: 'secretRequired',
  link: 'linkRequired',
  code: 'codeRequired',
} as const satisfies Record<Field, keyof Words>

/** What the server takes at most. */
const LONGEST: Readonly<Record<Field, string>> = {
  device: '255',
  secret: '256',
  link: '256',
  code: '255',
}

const hintOf = (field: Field, { linkHint, codeHint }: Words): string | undefined => {
  if (field === 'link') return linkHint
  return field === 'code' ? codeHint : undefined
}

type FieldOptions = {
  readonly field: Field
  readonly draft: Draft
  readonly settings: Settings
  readonly isMissing: boolean
}

/** One field with its label, its hint and what is wrong with it. */
export const fieldView = ({ field, draft, settings, isMissing }: FieldOptions): HTMLElement => {
  const { words, isOn } = settings
  const isSecret = field === 'secret'
  const hint = hintOf(field, words)
  const isHidden = isSecret && !isOn('show-secret')
  const described = [hint && `${field}-hint`, isMissing && `${field}-wrong`].filter(Boolean)
  const input = make('input', {
    id: field,
    name: field,
    part: 'input',
    type: isHidden ? 'password' : 'text',
    maxlength: LONGEST[field],
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    placeholder: isOn('no-labels') ? words[field] : undefined,
    'aria-required': String(!isSecret || !isOn('secret-optional')),
    'aria-invalid': isMissing && 'true',
    'aria-describedby': described.join(' ') || undefined,
  })
  input.value = draft[field]
  hearing(input, {
    input: () => {
      draft[field] = input.value
    },
  })
  return make(
    'div',
    { class: 'field', part: 'field' },
    make(
      'label',
      { for: field, part: 'label', class: isOn('no-labels') && 'unseen' },
      words[field],
    ),
    make(
      'div',
      { class: 'box' },
      input,
      isSecret ? eye(input, words.showSecret, words.hideSecret) : undefined,
    ),
    hint === undefined
      ? undefined
      : make('p', { id: `${field}-hint`, class: 'hint', part: 'hint' }, hint),
    isMissing
      ? make('p', { id: `${field}-wrong`, class: 'wrong', part: 'error' }, words[REQUIRED[field]])
      : undefined,
  )
}
