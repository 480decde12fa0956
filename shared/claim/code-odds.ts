import { ALPHABET, NATIVE_LENGTH } from './code-text.ts'

/** How many native codes of one project may be open at once, and how many may be looked up there in a day. */
export type CodeLimits = { readonly openCodes: number; readonly codeLookupsPerDay: number }

/** 7.9e-7 a day: `openCodes` accounts may wait at once, and a thousand devices that guess all day stop nobody. */
export const DEFAULT_CODE_LIMITS: CodeLimits = { openCodes: 40_000, codeLookupsPerDay: 500_000 }

/** research/anchors.md S12: nobody finds a code in the life of a product. */
export const MOST_HITS_PER_DAY = 2 ** -20

/** How many native codes there are: the check character adds none. */
const NATIVE_CODES = ALPHABET.length ** (NATIVE_LENGTH - 1)

/** Codes that strangers find in a day by guessing, as an expected number: R T M / 2^n of research/anchors.md S12. */
export const hitsPerDay = ({ openCodes, codeLookupsPerDay }: CodeLimits): number =>
  (openCodes * codeLookupsPerDay) / NATIVE_CODES

/** Whether codes are long enough for these limits. */
export const areSafe = (limits: CodeLimits): boolean => hitsPerDay(limits) <= MOST_HITS_PER_DAY
