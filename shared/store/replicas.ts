/** On how many replicas something has to be before it is answered, and how long they may take, ms. */
export type Replicas = { readonly count: number; readonly withinMs: number }

const MOST = 10
const USUAL_MS = 1_000
/** Two rounds of waiting fit into a store's time for one answer. */
const LONGEST_MS = 1_500

type Given = { readonly count: string | undefined; readonly withinMs: string | undefined }

/** Reads `LATCHKEY_REDIS_REPLICAS` and `LATCHKEY_REDIS_REPLICAS_MS`. `undefined`: none is waited for. */
export const readReplicas = (given: Given, faults: string[]): Replicas | undefined => {
  const count = whole(given.count ?? '0')
  const withinMs = whole(given.withinMs ?? String(USUAL_MS))
  if (!(count <= MOST)) faults.push(`LATCHKEY_REDIS_REPLICAS: must be a number from 0 to ${MOST}`)
  if (!(withinMs >= 1 && withinMs <= LONGEST_MS))
    faults.push(`LATCHKEY_REDIS_REPLICAS_MS: must be a number from 1 to ${LONGEST_MS}`)
  return count > 0 ? { count, withinMs } : undefined
}

const whole = (text: string): number => (/^\d{1,6}$/.test(text) ? Number(text) : Number.NaN)
