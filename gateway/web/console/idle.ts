type IdleOptions = {
  /** After so long without anybody, ms. */
  readonly warnAfterMs: number
  /** After so long more, ms. */
  readonly endAfterMs: number
  readonly onWarn: () => void
  readonly onEnd: () => void
}

const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const
const LOOK_MS = 1000

/** Notices when nobody is there any more. It looks at the clock, because a computer that slept has heard no timer. */
export const watchIdle = ({ warnAfterMs, endAfterMs, onWarn, onEnd }: IdleOptions) => {
  let lastAt = Date.now()
  let isWarned = false
  let timer: ReturnType<typeof setInterval> | undefined

  /** Somebody is there. After the warning it takes more than a touch: the answer to it. */
  const stay = (): void => {
    lastAt = Date.now()
    isWarned = false
  }
  const noticed = (): void => {
    if (!isWarned) lastAt = Date.now()
  }
  const look = (): void => {
    const idleMs = Date.now() - lastAt
    if (idleMs >= warnAfterMs + endAfterMs) {
      stop()
      onEnd()
    } else if (idleMs >= warnAfterMs && !isWarned) {
      isWarned = true
      onWarn()
    }
  }
  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }
  const start = (): void => {
    stay()
    timer ??= setInterval(look, LOOK_MS)
  }

  for (const sign of SIGNS) document.addEventListener(sign, noticed, { passive: true })
  return { start, stop, stay }
}
