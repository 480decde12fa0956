import { make } from '../../widget/dom.ts'
import { nameIn, type Schema } from './document.ts'
import { line } from './text.ts'

const between = (least: number | undefined, most: number | undefined, unit: string): string[] => {
  if (least === undefined && most === undefined) return []
  if (most === undefined) return [`at least ${least}${unit}`]
  if (least === undefined || least === 0) return [`at most ${most}${unit}`]
  return [`${least} to ${most}${unit}`]
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'true or false',
  object: 'object',
  null: 'nothing',
}
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'UUID',
  'date-time': 'time',
  uri: 'URI',
  'uri-reference': 'path',
}

const wordsOf = ({ anyOf = [] }: Schema): readonly string[] | undefined =>
  anyOf.length > 0 && anyOf.every((arm) => typeof arm.const === 'string')
    ? anyOf.map((arm) => String(arm.const))
    : undefined

const limitsOf = (schema: Schema): string[] => [
  ...between(schema.minLength, schema.maxLength, ' characters'),
  ...between(schema.minimum, schema.maximum, ''),
  ...between(undefined, schema.maxItems, ' items'),
]

/** What a value is, in a few words. */
const kindOf = (schema: Schema): Node[] => {
  const { $ref, type, format, items } = schema
  if ($ref !== undefined) return [make('a', { href: `#shape-${nameIn($ref)}` }, nameIn($ref))]
  if (schema.const !== undefined) return [make('code', {}, JSON.stringify(schema.const))]
  const words = wordsOf(schema)
  if (words !== undefined)
    return words.flatMap((word, place) => [
      ...(place === 0 ? [] : [document.createTextNode(' · ')]),
      make('code', {}, word),
    ])
  if (schema.anyOf !== undefined) return [document.createTextNode('one of these')]
  if (items !== undefined) return [document.createTextNode('list of '), ...kindOf(items)]
  const word = FORMATS[format ?? ''] ?? KINDS[type ?? ''] ?? 'anything'
  return [document.createTextNode([word, ...limitsOf(schema)].join(', '))]
}

const hasParts = ({ properties, anyOf, items }: Schema): boolean =>
  properties !== undefined ||
  (items !== undefined && hasParts(items)) ||
  (anyOf?.some(hasParts) ?? false)

/** One member: its name, what it is, and what stands in it. */
export const member = (name: string, schema: Schema, isRequired: boolean): HTMLElement =>
  make(
    'li',
    {},
    make('code', { class: 'name' }, name),
    isRequired ? undefined : make('span', { class: 'optional' }, 'optional'),
    make('span', { class: 'kind' }, ...kindOf(schema)),
    schema.description === undefined
      ? undefined
      : make('span', { class: 'about' }, ...line(schema.description)),
    hasParts(schema) ? shape(schema) : undefined,
  )

const arms = (all: readonly Schema[]): HTMLElement =>
  make(
    'ol',
    { class: 'arms' },
    ...all.map((arm) =>
      make(
        'li',
        {},
        hasParts(arm) ? shape(arm) : make('span', { class: 'kind' }, ...kindOf(arm)),
        arm.const !== undefined && arm.description !== undefined
          ? make('span', { class: 'about' }, ...line(arm.description))
          : undefined,
      ),
    ),
  )

/** What a value is made of. */
export const shape = (schema: Schema): HTMLElement => {
  const { properties, required = [], anyOf, items } = schema
  if (anyOf !== undefined && (wordsOf(schema) === undefined || anyOf.some((a) => a.description)))
    return arms(anyOf)
  if (items !== undefined && hasParts(items)) return shape(items)
  if (properties === undefined) return make('p', { class: 'kind' }, ...kindOf(schema))
  const rows = Object.entries(properties)
  if (rows.length === 0) return make('p', { class: 'kind' }, 'an empty object')
  return make(
    'ul',
    { class: 'shape' },
    ...rows.map(([name, part]) => member(name, part, required.includes(name))),
  )
}
