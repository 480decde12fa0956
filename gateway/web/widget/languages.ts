import type { Words } from './words.ts'
import { de } from './words-de.ts'
import { en } from './words-en.ts'

const LANGUAGES: ReadonlyMap<string, Words> = new Map([
  ['en', en],
  ['de', de],
])

/** The words of the first language that we speak, by BCP 47 tags; else English. */
export const wordsIn = (tags: readonly string[]): Words =>
  tags
    .map((tag) => LANGUAGES.get(tag.toLowerCase().split('-')[0] ?? ''))
    .find((words) => words !== undefined) ?? en
