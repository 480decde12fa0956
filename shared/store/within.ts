import { StoreDown } from '../errors.ts'

/** How long a store may take for one answer: under the 4 s that the port promises. */
export const ANSWER_WITHIN_MS = 3500

/** Settles like the promise, or rejects with `StoreDown` when it takes too long. */
export const within = async <T>(promise: Promise<T>, what: string, ms = ANSWER_WITHIN_MS) => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreDown(`${what} did not answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
