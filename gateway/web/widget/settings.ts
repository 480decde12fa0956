import type { Way } from './label.ts'
import { wordsIn } from './languages.ts'
import type { Words } from './words.ts'

/** Attributes that replace a text, and which. */
const TEXTS = {
  heading: 'heading',
  intro: 'intro',
  'button-label': 'button',
  'device-label': 'device',
  'secret-label': 'secret',
  'success-message': 'success',
  'not-found-message': 'notFound',
  'failed-message': 'failed',
  'device-required-message': 'deviceRequired',
  'secret-required-message': 'secretRequired',
} as const satisfies Readonly<Record<string, keyof Words>>

/** Attributes that are there or not. */
const SWITCHES = [
  'no-secret',
  'secret-optional',
  'show-secret',
  'no-labels',
  'no-scan',
  'read-fragment',
] as const

const VALUES = ['lang', 'server', 'home', 'ways'] as const

/** Every attribute of the element. */
export const ATTRIBUTES: readonly string[] = [...Object.keys(TEXTS), ...SWITCHES, ...VALUES]

/** What the attributes say. */
export type Settings = {
  readonly words: Words
  /** BCP 47, of the words. */
  readonly lang: string
  readonly isOn: (name: (typeof SWITCHES)[number]) => boolean
  readonly ways: readonly Way[]
  /** Origin of the server. */
  readonly server: string
  readonly home: string | undefined
}

const WAYS: ReadonlyMap<string, Way> = new Map([
  ['device', 'device'],
  ['link', 'link'],
  ['code', 'code'],
])
const USUAL_WAYS: readonly Way[] = ['device', 'link']

const waysOf = (text: string | null): readonly Way[] => {
  const ways = (text ?? '').split(/[\s,]+/).flatMap((word) => WAYS.get(word) ?? [])
  return ways.length === 0 ? USUAL_WAYS : [...new Set(ways)]
}

/** An address without a path, `undefined` for what is none. */
const originOf = (text: string | null): string | undefined => {
  if (text === null || !URL.canParse(text, location.href)) return undefined
  return new URL(text, location.href).origin
}

/** The language of the element, of what is around it, or of the reader. */
const languagesOf = (element: Element): readonly string[] => {
  const near = element.closest('[lang]')?.getAttribute('lang')
  return [near ?? '', document.documentElement.lang, ...navigator.languages].filter(
    (tag) => tag !== '',
  )
}

/** Reads the attributes of an element; what is missing or cannot be read has its usual value. */
export const readSettings = (element: HTMLElement): Settings => {
  const usual = wordsIn(languagesOf(element))
  const own = Object.entries(TEXTS).flatMap(([attribute, word]) => {
    const text = element.getAttribute(attribute)
    return text === null ? [] : [[word, text]]
  })
  return {
    words: { ...usual, ...(Object.fromEntries(own) as Partial<Words>) },
    lang: usual.lang,
    isOn: (name) => element.hasAttribute(name),
    ways: waysOf(element.getAttribute('ways')),
    server: originOf(element.getAttribute('server')) ?? location.origin,
    home: element.getAttribute('home') ?? undefined,
  }
}

/** `button-label` is the attribute of the property `buttonLabel`. */
const propertyOf = (attribute: string) =>
  attribute.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

type Camel<T extends string> = T extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : T

/** The same as properties: `null` takes a text away. */
export type SettingProperties = {
  [N in Camel<keyof typeof TEXTS | Exclude<(typeof VALUES)[number], 'lang'>>]: string | null
} & { [N in Camel<(typeof SWITCHES)[number]>]: boolean }

/** Gives the elements of a class a property for each attribute. */
export const addProperties = (prototype: HTMLElement): void => {
  const switches: readonly string[] = SWITCHES
  for (const attribute of ATTRIBUTES) {
    if (attribute === 'lang') continue
    const isSwitch = switches.includes(attribute)
    Object.defineProperty(prototype, propertyOf(attribute), {
      configurable: true,
      enumerable: true,
      get(this: HTMLElement) {
        return isSwitch ? this.hasAttribute(attribute) : this.getAttribute(attribute)
      },
      set(this: HTMLElement, value: unknown) {
        if (isSwitch) this.toggleAttribute(attribute, Boolean(value))
        else if (value === null || value === undefined) this.removeAttribute(attribute)
        else this.setAttribute(attribute, String(value))
      },
    })
  }
}
