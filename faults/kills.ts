import { setTimeout as sleep } from 'node:timers/promises'
import { during, type Fault, type Scene } from './fault.ts'
import type { Node } from './node.ts'

/** SIGKILL at some time, and a new process at once. */
const killOne = async (scene: Scene, fault: string, among: readonly Node[]) => {
  await sleep(scene.random.between(20, 500))
  const up = among.filter((node) => node.isUp())
  if (up.length === 0) return
  const node = scene.random.pick(up)
  await during(scene, { fault, what: `kill -9 ${node.name}` }, () => node.kill())
  await node.start()
}

const killRedis = async (scene: Scene) => {
  const { redis, fsyncs } = scene.system
  if (redis === undefined) return
  await sleep(scene.random.between(20, 500))
  const fsync = scene.random.pick(fsyncs)
  await redis.kill()
  const awayMs = scene.random.between(0, 2000)
  const told = { fault: 'F3', what: `kill -9 redis, ${fsync} from now on`, isOutage: true } as const
  await during(scene, told, () => sleep(awayMs))
  await redis.start(fsync)
}

/** Faults that end a process as a power cut does. */
export const KILLS: readonly Fault[] = [
  {
    id: 'F1',
    about: 'kill -9 of a gateway (embedded: of the one process)',
    stores: ['embedded', 'redis'],
    isKill: true,
    strike: (scene) => killOne(scene, 'F1', scene.system.gateways),
  },
  {
    id: 'F2',
    about: 'kill -9 of a broker',
    stores: ['redis'],
    isKill: true,
    strike: (scene) => killOne(scene, 'F2', scene.system.brokers),
  },
  {
    id: 'F3',
    about: 'kill -9 of Redis, back after 0 to 2 s, with AOF always and everysec',
    stores: ['redis'],
    isKill: true,
    strike: killRedis,
  },
]
