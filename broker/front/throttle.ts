const TICK_MS = 100
const BURST_S = 10

type ThrottleOptions = {
  readonly perSecond: number
  readonly pause: () => void
  readonly resume: () => void
}

/** Whoever publishes faster than he may, over ten seconds, is read more slowly. */
export const createThrottle = ({ perSecond, pause, resume }: ThrottleOptions) => {
  let allowance = perSecond * BURST_S
  let refilledAt = performance.now()
  return {
    spend: (): void => {
      allowance -= 1
    },
    /** Pauses if too much was spent, until it is earned again. Answers whether it did. */
    settle: (): boolean => {
      if (allowance >= 0) return false
      const now = performance.now()
      const earned = ((now - refilledAt) / 1000) * perSecond
      allowance = Math.min(allowance + earned, perSecond * BURST_S)
      refilledAt = now
      if (allowance >= 0) return false
      pause()
      setTimeout(resume, Math.max(TICK_MS, (-allowance / perSecond) * 1000)).unref()
      return true
    },
  }
}

export type Throttle = ReturnType<typeof createThrottle>
