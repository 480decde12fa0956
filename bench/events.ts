import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTree } from '../shared/store/embedded/tree.ts'
import type { Benchmark, Row, Rows } from './benchmark.ts'
import { type Child, startChild, startMosquitto, startRedisPeer } from './child.ts'
import {
  claimOne,
  connectDevices,
  type MadeDevice,
  makeDevices,
  startLatchkey,
} from './latchkey.ts'
import { type LoadDevice, loadDevice, timed } from './load.ts'
import { against, alternating, measured } from './rounds.ts'

const ROUNDS = 5
const DEVICES = 100
const WINDOW = 20
const EVENTS = 10_000
const TOPIC = 'latchkey/v1/events'
const EVENT = JSON.stringify({ eventType: 'temperature', eventData: { celsius: 21.5 } })
/** About what is written of an event: its line in a feed. */
const LINE = 'x'.repeat(330)

const bareDevices = async (child: Child): Promise<LoadDevice[]> => {
  const devices: LoadDevice[] = []
  await timed(DEVICES, 16, async (i) => {
    devices[i] = await loadDevice(child.ready.mqtt?.port as number, 'x', `d${i}`)
  })
  return devices
}

/** All devices publish, each so many at a time. */
const publishing = (child: Child, devices: readonly LoadDevice[], window: number) => () =>
  measured(child, EVENTS, DEVICES * window, (i) =>
    (devices[i % DEVICES] as LoadDevice).publish(TOPIC, EVENT),
  )

const owned = async (store: string, folder: string) => {
  const latchkey = await startLatchkey(store, folder)
  const made = await makeDevices(latchkey, 'event', DEVICES)
  const devices = await connectDevices(latchkey, made)
  await timed(DEVICES, 16, (i) =>
    claimOne(latchkey, devices[i] as LoadDevice, made[i] as MadeDevice, `secret-${i}`),
  )
  return { latchkey, devices }
}

/** The store's own library with the same bytes, many writes on the way, durable. */
const bareWrites = (folder: string) => {
  mkdirSync(join(folder, 'bare'))
  const tree = openTree(join(folder, 'bare'))
  let next = 0
  const play = async (): Promise<Row> => {
    const before = process.cpuUsage()
    const seconds = await timed(EVENTS, DEVICES * WINDOW, () =>
      tree.put(Buffer.from(`line-${next++}`), LINE),
    )
    const { user, system } = process.cpuUsage(before)
    return { cpuUs: (user + system) / EVENTS, perSecond: EVENTS / seconds }
  }
  return { play, close: () => tree.close() }
}

/** What a device tells, kept before it is acknowledged, beside brokers that keep nothing. */
export const events: Benchmark = {
  name: 'events',
  about: `an event with QoS 1, ${DEVICES} devices; ours is checked against the device's owner and on the disk before its PUBACK; held against bare Aedes, which keeps nothing, with as many under way`,
  run: async (): Promise<Rows> => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const aedes = await startChild('bench/peers/aedes.js', {})
    const mosquitto = await startMosquitto(folder)
    const redis = await startRedisPeer(folder)
    const writes = bareWrites(folder)
    const embedded = await owned(`embedded:${join(folder, 'store')}`, folder)
    const onRedis = redis && (await owned(redis.url, folder))
    try {
      const bare = await bareDevices(aedes)
      const theirs = mosquitto && (await bareDevices(mosquitto))
      const contenders = (window: number) => ({
        'bare Aedes': publishing(aedes, bare, window),
        ...(mosquitto && theirs ? { Mosquitto: publishing(mosquitto, theirs, window) } : {}),
        'Latchkey, embedded store': publishing(embedded.latchkey.child, embedded.devices, window),
        ...(onRedis
          ? { 'Latchkey, Redis': publishing(onRedis.latchkey.child, onRedis.devices, window) }
          : {}),
      })
      const all: Record<string, Row> = {}
      for (const window of [WINDOW, 1]) {
        const rows = await alternating(ROUNDS, contenders(window))
        const ratios = against(rows['bare Aedes']?.cpuUs as number, rows)
        for (const [name, row] of Object.entries(ratios)) all[`${name}, window ${window}`] = row
      }
      return {
        ...all,
        ...(await alternating(ROUNDS, { 'bare LMDB, the same bytes': writes.play })),
      }
    } finally {
      await embedded.latchkey.end()
      await onRedis?.latchkey.end()
      await Promise.all([aedes.end(), mosquitto?.end(), writes.close()])
      await redis?.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
