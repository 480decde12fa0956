import { Unreachable } from './failure.ts'

/** The promise, or `Unreachable` when it has not settled after `ms`. `words` name what was waited for. */
export const within = async <T>(ms: number, words: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Unreachable(`no ${words} within ${ms} ms`)), ms)
    // What is waited for keeps the process alive (a socket, a reconnect); the limit alone does not.
    timer.unref()
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
