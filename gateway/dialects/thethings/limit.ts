import { MOST_VALUES } from '../../../shared/registry/values.ts'

const NUMBER = /^[1-9][0-9]{0,8}$/

/** How many values are wanted, at most; without a word all that there are. `undefined`: it is no number. */
export const limitOf = (text: unknown): number | undefined => {
  if (text === undefined || text === '') return MOST_VALUES
  return typeof text === 'string' && NUMBER.test(text)
    ? Math.min(MOST_VALUES, Number(text))
    : undefined
}
