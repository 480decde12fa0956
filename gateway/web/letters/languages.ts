import type { LetterWords } from './words.ts'
import { de } from './words-de.ts'
import { en } from './words-en.ts'

const LANGUAGES: ReadonlyMap<string, LetterWords> = new Map([
  ['en', en],
  ['de', de],
])

/** The words of a language that the page speaks. */
export const letterWordsIn = (lang: string): LetterWords => LANGUAGES.get(lang) ?? en
