import { setTimeout as sleep } from 'node:timers/promises'
import { during, type Fault, type Scene } from './fault.ts'
import type { Redis } from './redis.ts'

/** What Redis had been given before may still be answered for so long after it was told to stop. */
const SETTLE_MS = 60

const redisOf = ({ system }: Scene): Redis => {
  if (system.redis === undefined) throw new Error('there is no redis')
  return system.redis
}

const freezeRedis = async (scene: Scene) => {
  const redis = redisOf(scene)
  redis.freeze()
  await sleep(SETTLE_MS)
  const told = { fault: 'F4', what: 'SIGSTOP redis', isOutage: true } as const
  await during(scene, told, () => sleep(scene.random.between(1000, 5000)))
  redis.thaw()
}

const pauseRedis = async (scene: Scene) => {
  const redis = redisOf(scene)
  const mode = scene.random.pick(['ALL', 'WRITE'] as const)
  const ms = Math.round(scene.random.between(1000, 5000))
  await redis.tell(`CLIENT PAUSE ${ms} ${mode}`)
  await sleep(SETTLE_MS)
  const kind = mode === 'ALL' ? ({ isOutage: true } as const) : ({ isFull: true } as const)
  // It ends by the clock of Redis: what is said of it here ends somewhat earlier.
  const told = { fault: 'F5', what: `CLIENT PAUSE ${mode}`, ...kind }
  await during(scene, told, () => sleep(ms - 3 * SETTLE_MS))
  await sleep(3 * SETTLE_MS)
}

const sleepRedis = async (scene: Scene) => {
  const redis = redisOf(scene)
  const ms = Math.round(scene.random.between(1000, 3000))
  const woken = redis.tell(`DEBUG SLEEP ${ms / 1000}`)
  await sleep(SETTLE_MS)
  const told = { fault: 'F6', what: 'DEBUG SLEEP', isOutage: true } as const
  await during(scene, told, () => sleep(ms - 3 * SETTLE_MS))
  await woken
}

const cutWatchers = async (scene: Scene) => {
  const redis = redisOf(scene)
  await during(scene, { fault: 'F15', what: 'CLIENT KILL TYPE pubsub' }, async () => {
    for (let times = 0; times < 10; times++) {
      await redis.tell('CLIENT KILL TYPE pubsub')
      await sleep(500)
    }
  })
}

/** Faults that make a store wait. */
export const STALLS: readonly Fault[] = [
  {
    id: 'F4',
    about: 'SIGSTOP and SIGCONT of Redis, 1 to 5 s',
    stores: ['redis'],
    strikes: 3,
    strike: freezeRedis,
  },
  {
    id: 'F5',
    about: 'CLIENT PAUSE, 1 to 5 s, of everything or of writes',
    stores: ['redis'],
    strikes: 4,
    strike: pauseRedis,
  },
  {
    id: 'F6',
    about: 'DEBUG SLEEP, 1 to 3 s',
    stores: ['redis'],
    strikes: 3,
    strike: sleepRedis,
  },
  {
    id: 'F15',
    about: 'CLIENT KILL TYPE pubsub, every 500 ms for 5 s',
    stores: ['redis'],
    strikes: 2,
    strike: cutWatchers,
  },
]
