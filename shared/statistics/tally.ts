import { REASONS, type Reason } from '../model/reasons.ts'

/** What can be counted of claiming. `opened`: a half was left, by a device or by an account. */
export const COUNTED = ['opened', 'claimed', 'released'] as const
export type Counted = (typeof COUNTED)[number]

/** What happened in a time, counted. Bounded: every word in it is of a closed list. */
export type Tally = Readonly<Partial<Record<Counted, number>>> & {
  readonly refused?: Readonly<Partial<Record<Reason, number>>>
}

/** One thing that happened. */
export type Count = { readonly counted: Counted } | { readonly refused: Reason }

const plus = (one: number | undefined, other: number | undefined): number =>
  (one ?? 0) + (other ?? 0)

/** A tally with one more. */
export const counting = (tally: Tally, count: Count): Tally =>
  added(tally, 'counted' in count ? { [count.counted]: 1 } : { refused: { [count.refused]: 1 } })

/** Both together. */
export const added = (one: Tally, other: Tally): Tally => {
  const reasons = (Object.keys(REASONS) as Reason[]).flatMap((reason) => {
    const sum = plus(one.refused?.[reason], other.refused?.[reason])
    return sum === 0 ? [] : [[reason, sum] as const]
  })
  const sums = COUNTED.flatMap((word) => {
    const sum = plus(one[word], other[word])
    return sum === 0 ? [] : [[word, sum] as const]
  })
  return {
    ...Object.fromEntries(sums),
    ...(reasons.length === 0 ? {} : { refused: Object.fromEntries(reasons) }),
  }
}

/** How many tries to claim it stands for: those that were made good, and those that were refused. */
export const redeemed = ({ claimed = 0, refused = {} }: Tally): number =>
  Object.values(refused).reduce((sum, count) => sum + count, claimed)
