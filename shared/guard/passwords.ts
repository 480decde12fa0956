import { hash, verify } from '@node-rs/argon2'

/** argon2id at OWASP's floor, 19 MiB, 2 passes: about 20 ms of a core. research/security.md 5.1. */
const ARGON = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The queue in front of the hash is full: ask again in a moment. */
export class TooBusy extends Error {
  readonly code = 'TOO_BUSY'

  constructor() {
    super('too many sign-ins at once')
    this.name = 'TooBusy'
  }
}

/** At most two hashes at once, and a bounded queue before them: a flood of sign-ins cannot eat the machine. */
const createLine = (atOnce: number, longest: number) => {
  let running = 0
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running += 1
    else {
      if (waiting.length >= longest) throw new TooBusy()
      // Whoever leaves hands on his place.
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

/** Hashing of what people remember. Throws `TooBusy` beyond 200 waiting. */
export const createPasswords = () => {
  const inLine = createLine(2, 200)
  const nobody = hash('nobody has this password', ARGON)
  return {
    hash: (password: string) => inLine(() => hash(password, ARGON)),
    /** Takes the same time when there is no such account: `stored` is undefined then. */
    matches: async (stored: string | undefined, password: string): Promise<boolean> => {
      const against = stored ?? (await nobody)
      const right = await inLine(() => verify(against, password))
      return right && stored !== undefined
    },
  }
}

export type Passwords = ReturnType<typeof createPasswords>
