import { setTimeout as sleep } from 'node:timers/promises'
import { BEHAVIOURS, type BehaviourName, type Cable } from './cable.ts'
import { during, type Fault, type Scene } from './fault.ts'

const BAD = (Object.keys(BEHAVIOURS) as BehaviourName[]).filter((name) => name !== 'healthy')

/** One bad network after the other: before some nodes, and between some nodes and Redis. */
const spoil = async (scene: Scene) => {
  const { system, random } = scene
  const behaviour = random.pick(BAD)
  const cables: Cable[] = [...system.cables.values()]
  const doors = [...system.doors.values()].flatMap(({ http, mqtt }) => [http, mqtt])
  const isInside = cables.length > 0 && random.happens(0.6)
  // One node is cut off from Redis and the others go on, or some doors are bad and others are not.
  const bad = isInside ? [random.pick(cables)] : doors.filter(() => random.happens(0.5))
  const where = isInside ? 'between a node and redis' : 'between clients and nodes'
  system.throughDoors(!isInside)
  for (const cable of bad) cable.behave(behaviour)
  await during(scene, { fault: 'F10', what: `${behaviour} ${where}` }, () =>
    sleep(random.between(500, 4000)),
  )
  for (const cable of bad) cable.behave('healthy')
  system.throughDoors(false)
}

/** Faults of the network. */
export const NETWORKS: readonly Fault[] = [
  {
    id: 'F10',
    about: 'networks cut, reset, late, slow, half open or black holes, to clients and to Redis',
    stores: ['embedded', 'redis'],
    strikes: 12,
    strike: spoil,
  },
]
