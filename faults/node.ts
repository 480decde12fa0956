import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild, type Vitals } from './child.ts'

/** What a node is made of; `program` is run by this Node.js, with `args`. */
export type NodeOptions = {
  readonly name: string
  readonly role: 'all' | 'broker' | 'gateway'
  readonly program: string
  readonly args: readonly string[]
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly httpPort: number
  readonly mqttPort: number
  /** Told when it ends without being made to. */
  readonly onDeath: (words: string) => void
}

/** A process of the program under test, always on the same ports, however often it dies. */
export type Node = Pick<NodeOptions, 'name' | 'role' | 'httpPort' | 'mqttPort'> & {
  /** Starts it, again if need be, and resolves when it listens. */
  readonly start: () => Promise<void>
  /** SIGKILL; resolves when it has gone. */
  readonly kill: () => Promise<void>
  /** SIGTERM; resolves with how it ended. */
  readonly end: () => Promise<number | NodeJS.Signals>
  readonly freeze: () => void
  readonly thaw: () => void
  readonly isUp: () => boolean
  readonly vitals: () => Vitals | undefined
  /** What it logged as errors, each kind once. */
  readonly errors: () => readonly string[]
}

const START_MS = 60_000
const MOST_ERRORS = 20

type Said = { readonly msg?: unknown; readonly level?: unknown }

const parsed = (line: string): Said => {
  try {
    return JSON.parse(line) as Said
  } catch {
    return {}
  }
}

/** A node that is not started yet. */
export const createNode = (options: NodeOptions): Node => {
  const { name, role, program, args, folder, env, httpPort, mqttPort, onDeath } = options
  let child: Child | undefined
  let isReady = false
  const errors = new Set<string>()

  const launch = (): Promise<boolean> =>
    new Promise((resolve) => {
      const started = startChild({
        command: process.execPath,
        args: [program, ...args],
        cwd: folder,
        env: {
          ...env,
          ...(role === 'all' ? {} : { LATCHKEY_ROLE: role }),
          LATCHKEY_HTTP_PORT: String(httpPort),
          LATCHKEY_MQTT_PORT: String(mqttPort),
        },
        onLine: (line) => {
          const { msg, level } = parsed(line)
          if (typeof level === 'number' && level >= 50 && errors.size < MOST_ERRORS)
            errors.add(String(msg))
          if (msg !== 'ready' || child !== started) return
          isReady = true
          resolve(true)
        },
      })
      child = started
      void started.ended.then((how) => {
        resolve(false)
        if (child !== started) return
        child = undefined
        isReady = false
        onDeath(`${name} ended with ${how}: ${started.lastWords()}`)
      })
    })

  const take = (): Child | undefined => {
    const taken = child
    child = undefined
    isReady = false
    return taken
  }

  const stopBy = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const ending = take()
    ending?.signal(signal)
    return (await ending?.ended) ?? 0
  }

  return {
    name,
    role,
    httpPort,
    mqttPort,
    async start() {
      const until = performance.now() + START_MS
      while (performance.now() < until) {
        if (isReady || (child === undefined && (await launch()))) return
        await sleep(50)
      }
      onDeath(`${name} did not start within ${START_MS} ms`)
    },
    kill: async () => {
      await stopBy('SIGKILL')
    },
    end: () => stopBy('SIGTERM'),
    freeze: () => child?.signal('SIGSTOP'),
    thaw: () => child?.signal('SIGCONT'),
    isUp: () => isReady,
    vitals: () => child?.vitals(),
    errors: () => [...errors],
  }
}
