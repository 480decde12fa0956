import { make } from './dom.ts'

const TICK_MS = 1000

const two = (value: number) => String(value).padStart(2, '0')

/** `1:02:03` or `2:03`: what is left, rounded up to whole seconds. */
export const clockText = (leftMs: number): string => {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const tail = `${hours > 0 ? two(minutes) : minutes}:${two(seconds % 60)}`
  return hours > 0 ? `${hours}:${tail}` : tail
}

/** A text that counts down as long as it is shown, then calls. A screen reader says it only when asked. */
export const countdown = (until: number, onEnd: () => void = () => undefined): HTMLElement => {
  const text = make('span', { role: 'timer', part: 'countdown', class: 'countdown' })
  const tell = () => {
    text.textContent = clockText(until - Date.now())
  }
  const timer = setInterval(() => {
    if (!text.isConnected) return clearInterval(timer)
    tell()
    if (Date.now() < until) return
    clearInterval(timer)
    onEnd()
  }, TICK_MS)
  tell()
  return text
}
