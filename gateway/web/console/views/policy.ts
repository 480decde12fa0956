import { hearing, make } from '../../widget/dom.ts'
import { failureView } from '../parts/said.ts'
import { presentProject, type Room, type View } from '../room.ts'
import type { Project } from '../shapes.ts'
import type { PolicyField } from '../words.ts'

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const
const LONGEST_MS = 30 * 86_400_000
const MOST_LINKS = 10_000

/** The fields as they stand on the page. */
const SWITCHES = [
  'claimingAllowedByDefault',
  'secretOptional',
  'claimById',
  'possession',
] as const satisfies readonly PolicyField[]
const TIMES = [
  'windowDefaultMs',
  'windowMaxMs',
  'linkTtlMs',
  'claimCodeTtlMs',
  'provisioningTokenTtlMs',
  'commandTtlMs',
] as const satisfies readonly PolicyField[]

/** What a field says: `undefined` leaves it to the defaults; `wrong`: it cannot be read. */
type Read = number | boolean | undefined | 'wrong'
type PolicyInput = { readonly element: HTMLElement; readonly read: () => Read }

/** The largest unit in which a time is a whole number. */
const unitOf = (ms: number) => UNITS.find(([, length]) => ms % length === 0) ?? UNITS[3]

const switchOf = ({ words }: Room, name: PolicyField, isOn: boolean): PolicyInput => {
  const [title, text] = words.policy.fields[name]
  const input = make('input', {
    type: 'checkbox',
    role: 'switch',
    id: name,
    'aria-describedby': `${name}-note`,
  })
  input.checked = isOn
  const element = make(
    'div',
    { class: 'switch' },
    input,
    make('label', { for: name }, title),
    make('p', { class: 'hint', id: `${name}-note` }, text),
  )
  return { element, read: () => input.checked }
}

const numberField = (name: string, title: string, hint: string, value: string) => {
  const input = make('input', {
    id: name,
    inputmode: 'decimal',
    maxlength: '12',
    autocomplete: 'off',
    'aria-describedby': `${name}-note`,
  })
  input.value = value
  const note = make('p', { class: 'hint', id: `${name}-note` }, hint)
  const box = make('div', { class: 'box' }, input)
  const element = make('div', { class: 'field' }, make('label', { for: name }, title), box, note)
  const fault = (text: string | undefined): void => {
    note.textContent = text ?? hint
    note.className = text === undefined ? 'hint' : 'wrong'
    if (text === undefined) input.removeAttribute('aria-invalid')
    else input.setAttribute('aria-invalid', 'true')
  }
  return { element, input, box, fault }
}

const timeOf = ({ words }: Room, name: PolicyField, ms: number | undefined): PolicyInput => {
  const { policy: said } = words
  const [title, text] = said.fields[name]
  const [unit, length] = unitOf(ms ?? 60_000)
  const field = numberField(name, title, text, ms === undefined ? '' : String(ms / length))
  const select = make(
    'select',
    { 'aria-label': `${title}: ${said.unit}` },
    ...UNITS.map(([value]) =>
      make('option', { value, selected: value === unit }, said.units[value]),
    ),
  )
  field.box.classList.add('with-unit')
  field.box.append(select)
  const read = (): Read => {
    const given = field.input.value.trim().replace(',', '.')
    field.fault(undefined)
    if (given === '' && name === 'windowDefaultMs') return undefined
    const factor = UNITS.find(([value]) => value === select.value)?.[1] ?? 1
    const wanted = Math.round(Number(given) * factor)
    if (given !== '' && wanted >= 1000 && wanted <= LONGEST_MS) return wanted
    field.fault(said.wrongTime)
    return 'wrong'
  }
  return { element: field.element, read }
}

const countOf = ({ words }: Room, name: PolicyField, value: number): PolicyInput => {
  const [title, text] = words.policy.fields[name]
  const field = numberField(name, title, text, String(value))
  field.box.classList.add('with-unit')
  const read = (): Read => {
    const wanted = Number(field.input.value.trim() || Number.NaN)
    const isGood = Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_LINKS
    field.fault(isGood ? undefined : words.policy.wrongCount)
    return isGood ? wanted : 'wrong'
  }
  return { element: field.element, read }
}

const inputsOf = (room: Room, { policy }: Project): ReadonlyMap<PolicyField, PolicyInput> => {
  const number = (name: PolicyField) => {
    const value = policy[name]
    return typeof value === 'number' ? value : undefined
  }
  return new Map<PolicyField, PolicyInput>([
    ...[...SWITCHES, 'signUp' as const].map(
      (name) => [name, switchOf(room, name, policy[name] === true)] as const,
    ),
    ...TIMES.map((name) => [name, timeOf(room, name, number(name))] as const),
    [
      'openLinksPerAccount',
      countOf(room, 'openLinksPerAccount', number('openLinksPerAccount') ?? 1),
    ],
  ])
}

const group = (
  title: string,
  names: readonly PolicyField[],
  inputs: ReturnType<typeof inputsOf>,
  look = '',
) =>
  make(
    'fieldset',
    { class: `card ${look}` },
    make('legend', {}, title),
    ...names.flatMap((name) => inputs.get(name)?.element ?? []),
  )

/** What a project decides about claiming, to be changed. */
const policyForm = (room: Room, project: Project): HTMLElement => {
  const { api, words } = room
  const { policy: said } = words
  const inputs = inputsOf(room, project)
  const trouble = make('div', { class: 'place' })

  const save = async (): Promise<void> => {
    const given = [...inputs].map(([name, { read }]) => [name, read()] as const)
    if (given.some(([, value]) => value === 'wrong'))
      return form.querySelector<HTMLElement>('[aria-invalid]')?.focus()
    const policy = Object.fromEntries(given.filter(([, value]) => value !== undefined))
    const path = `/projects/${encodeURIComponent(project.id)}/policy`
    const answer = await api.put<Project>(path, policy)
    if (room.signal.aborted) return
    trouble.replaceChildren(...(answer.ok ? [] : [failureView(room, answer.failure)]))
    if (answer.ok) room.tell(words.saved)
  }

  const form = hearing(
    make(
      'form',
      { class: 'policy', novalidate: true },
      group(said.claiming, SWITCHES, inputs),
      group(said.times, TIMES, inputs, 'times-group'),
      group(said.accounts, ['signUp', 'openLinksPerAccount'], inputs),
      trouble,
      make(
        'div',
        { class: 'buttons' },
        make('button', { type: 'submit', class: 'main' }, words.save),
      ),
    ),
    {
      submit: (event) => {
        event.preventDefault()
        void save()
      },
    },
  )
  return form
}

/** The policy of a project. */
export const policy: View = (room) => {
  const { words } = room
  const project = presentProject(room)
  return [
    make('div', { class: 'head' }, make('h1', { tabindex: '-1' }, words.pages.policy)),
    make('p', { class: 'lead' }, words.policy.lead),
    project === undefined
      ? failureView(room, { kind: 'refused', status: 404, reason: undefined, detail: undefined })
      : policyForm(room, project),
  ]
}
