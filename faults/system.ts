import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cable, openCable } from './cable.ts'
import { createNode, type Node } from './node.ts'
import { freePorts } from './ports.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import { createRedis, type Fsync, type Redis } from './redis.ts'

export type StoreName = 'embedded' | 'redis'

export const ADMIN = { email: 'admin@localhost', password: 'a-good-password' }

/** The system under test: nodes, what they store in, and the networks between, each of which can be made bad. */
export type System = {
  readonly store: StoreName
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly nodes: readonly Node[]
  /** Nodes that speak HTTP. */
  readonly gateways: readonly Node[]
  /** Nodes that speak MQTT. */
  readonly brokers: readonly Node[]
  readonly redis?: Redis
  readonly fsyncs: readonly Fsync[]
  /** Before each node's HTTP port and its MQTT port, and between each node and Redis. */
  readonly doors: ReadonlyMap<Node, { readonly http: Cable; readonly mqtt: Cable }>
  readonly cables: ReadonlyMap<Node, Cable>
  /** Where an app finds some node's HTTP now. `undefined`: none is up. */
  readonly http: (random: Random) => number | undefined
  readonly mqtt: (random: Random) => number | undefined
  /** Whether apps come through the doors, too. */
  readonly throughDoors: (wanted: boolean) => void
  readonly close: () => Promise<void>
}

export type SystemOptions = {
  readonly store: StoreName
  readonly program: string
  readonly args: readonly string[]
  readonly recorder: Recorder
  readonly fsyncs: readonly Fsync[]
}

/** Whether there is a `redis-server` to start. */
export const redisIsThere = (): boolean =>
  spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status === 0

const ROLES: Readonly<Record<StoreName, readonly Node['role'][]>> = {
  embedded: ['all'],
  redis: ['gateway', 'gateway', 'broker', 'broker'],
}

/** Starts everything, healthy. */
export const startSystem = async (options: SystemOptions): Promise<System> => {
  const { store, program, args, recorder, fsyncs } = options
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-faults-'))
  const roles = ROLES[store]
  const ports = [...(await freePorts(1 + roles.length * 5))]
  const port = () => ports.pop() as number
  const redisFolder = join(folder, 'redis')
  mkdirSync(redisFolder)
  const redis = store === 'redis' ? createRedis(port(), redisFolder) : undefined
  await redis?.start(fsyncs[0] as Fsync)
  const cables = new Map<Node, Cable>()
  const doors = new Map<Node, { http: Cable; mqtt: Cable }>()
  const shared = {
    LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
    LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
    LATCHKEY_MAIL: `file:${join(folder, 'mail')}`,
    LATCHKEY_SMS: `file:${join(folder, 'sms')}`,
    LATCHKEY_LOG_LEVEL: 'error',
  }
  const urlOf = (at: number) => `redis://127.0.0.1:${at}`
  const embedded = `embedded:${join(folder, 'store')}`
  const nodes: Node[] = []
  for (const [place, role] of roles.entries()) {
    const cable = redis === undefined ? undefined : await openCable(port(), redis.port)
    const node = createNode({
      ...{ name: `${role}${place}`, role, program, args, folder },
      env: { ...shared, LATCHKEY_STORE: cable === undefined ? embedded : urlOf(cable.port) },
      ...{ httpPort: port(), mqttPort: port() },
      onDeath: (words) => recorder.saw('alive', words),
    })
    nodes.push(node)
    if (cable !== undefined) cables.set(node, cable)
    doors.set(node, {
      http: await openCable(port(), node.httpPort),
      mqtt: await openCable(port(), node.mqttPort),
    })
    // The first one makes the key file and the first maker.
    if (place === 0) await node.start()
  }
  await Promise.all(nodes.map((node) => node.start()))
  const gateways = nodes.filter(({ role }) => role !== 'broker')
  const brokers = nodes.filter(({ role }) => role !== 'gateway')
  let isThroughDoors = false
  const upOf = (among: readonly Node[], random: Random): Node | undefined => {
    const up = among.filter((node) => node.isUp())
    return up.length === 0 ? undefined : random.pick(up)
  }
  return {
    ...{ store, folder, nodes, gateways, brokers, cables, doors, fsyncs },
    env: { ...shared, LATCHKEY_STORE: redis === undefined ? embedded : urlOf(redis.port) },
    ...(redis === undefined ? {} : { redis }),
    http(random) {
      const node = upOf(gateways, random)
      if (node === undefined || !isThroughDoors) return node?.httpPort
      return random.happens(0.5) ? doors.get(node)?.http.port : node.httpPort
    },
    mqtt(random) {
      const node = upOf(brokers, random)
      return node === undefined ? undefined : doors.get(node)?.mqtt.port
    },
    throughDoors(wanted) {
      isThroughDoors = wanted
    },
    async close() {
      for (const { http, mqtt } of doors.values()) await Promise.all([http.close(), mqtt.close()])
      await Promise.all(nodes.map((node) => node.kill()))
      for (const cable of cables.values()) await cable.close()
      await redis?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
