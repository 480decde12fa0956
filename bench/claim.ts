import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Row, Rows } from './benchmark.ts'
import { startChild, startRedisPeer } from './child.ts'
import {
  claimOne,
  connectDevices,
  created,
  type Latchkey,
  type MadeDevice,
  makeDevices,
  startLatchkey,
  V1,
} from './latchkey.ts'
import { createCaller, type LoadDevice, loadDevice } from './load.ts'
import { against, alternating, measured, summary } from './rounds.ts'

const ROUNDS = 5
const DEVICES = 1000
const AT_ONCE = 64
const FEW = 8
const NOBODY = '00000000-0000-4000-8000-000000000000'

const windowOf = (i: number) => JSON.stringify({ secret: `secret-${i}`, durationMs: 60_000 })

/** Rounds of whole claims on fresh devices: a publish to its PUBACK, a POST to its 201, the notice at the device. */
const claims = async (latchkey: Latchkey, name: string, atOnce: number): Promise<Row> => {
  const rows: Row[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const made = await makeDevices(latchkey, `${name}-${round}`, DEVICES)
    const devices = await connectDevices(latchkey, made)
    const row = await measured(latchkey.child, DEVICES, atOnce, (i) =>
      claimOne(latchkey, devices[i] as LoadDevice, made[i] as MadeDevice, `secret-${round}-${i}`),
    )
    // The first round warms up.
    if (round > 0) rows.push(row)
    for (const device of devices) device.end()
  }
  return summary(rows)
}

const wholeClaims = async (store: string, folder: string) => {
  const latchkey = await startLatchkey(store, folder)
  try {
    return {
      many: await claims(latchkey, 'many', AT_ONCE),
      few: await claims(latchkey, 'few', FEW),
    }
  } finally {
    await latchkey.end()
  }
}

/** The bare parts: one publish, one POST, each answered by nothing but the library. */
const floors = async (): Promise<Record<string, Row>> => {
  const [aedes, fastify, node] = await Promise.all(
    ['aedes', 'fastify', 'http'].map((name) => startChild(`bench/peers/${name}.js`, {})),
  )
  if (aedes === undefined || fastify === undefined || node === undefined) throw new Error('peers')
  const devices: LoadDevice[] = []
  for (let i = 0; i < AT_ONCE; i++)
    devices[i] = await loadDevice(aedes.ready.mqtt?.port as number, 'x', `d${i}`)
  const callers = [fastify, node].map(({ ready }) =>
    createCaller(ready.http?.port as number, 'x'.repeat(400)),
  )
  const posts = (place: number) => async (i: number) =>
    created(
      (await callers[place]?.post(`${V1}/claims`, { device: NOBODY, secret: `secret-${i}` })) ?? {
        status: 0,
        body: '',
      },
    )
  const count = DEVICES * 10
  const rows = await alternating(ROUNDS, {
    'bare Aedes, the same publish': () =>
      measured(aedes, count, AT_ONCE, (i) =>
        (devices[i % AT_ONCE] as LoadDevice).publish('latchkey/v1/claim', windowOf(i)),
      ),
    'bare node:http, the same POST': () => measured(node, count, AT_ONCE, posts(1)),
    'bare Fastify, the same POST': () => measured(fastify, count, AT_ONCE, posts(0)),
  })
  for (const device of devices) device.end()
  for (const caller of callers) caller.end()
  for (const child of [aedes, fastify, node]) await child.end()
  return rows
}

const onRedis = async (folder: string) => {
  const redis = await startRedisPeer(folder)
  if (redis === undefined) return undefined
  try {
    return await wholeClaims(redis.url, folder)
  } finally {
    await redis.end()
  }
}

/** Claims end to end on each store, beside what the bare parts need for the same packets and requests. */
export const claim: Benchmark = {
  name: 'claim',
  about: `a whole claim: a publish, a POST, the notice; ${DEVICES} devices a round; held against bare Aedes and bare node:http together`,
  run: async (): Promise<Rows> => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    try {
      const bare = await floors()
      const floor =
        (bare['bare Aedes, the same publish']?.cpuUs ?? 0) +
        (bare['bare node:http, the same POST']?.cpuUs ?? 0)
      const embedded = await wholeClaims(`embedded:${join(folder, 'store')}`, folder)
      const redis = await onRedis(folder)
      return {
        ...bare,
        ...against(floor, {
          [`Latchkey, embedded store, ${AT_ONCE} in flight`]: embedded.many,
          [`Latchkey, embedded store, ${FEW} in flight`]: embedded.few,
          ...(redis === undefined
            ? {}
            : {
                [`Latchkey, Redis, ${AT_ONCE} in flight`]: redis.many,
                [`Latchkey, Redis, ${FEW} in flight`]: redis.few,
              }),
        }),
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
