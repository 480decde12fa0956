import { make } from '../../widget/dom.ts'

/** A browser has begun to write a file long before that, ms. */
const KEPT_MS = 30_000

/** Lets the browser save what is in memory. Its address is taken back soon, and at once when the signal ends. */
export const save = (name: string, content: Blob, signal: AbortSignal): void => {
  const url = URL.createObjectURL(content)
  const forget = (): void => {
    clearTimeout(timer)
    signal.removeEventListener('abort', forget)
    URL.revokeObjectURL(url)
  }
  const timer = setTimeout(forget, KEPT_MS)
  signal.addEventListener('abort', forget)
  make('a', { href: url, download: name }).click()
}
