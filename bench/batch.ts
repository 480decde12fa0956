import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Row, Rows } from './benchmark.ts'
import { startRedisPeer } from './child.ts'
import {
  claimOne,
  connectDevices,
  type Latchkey,
  type MadeDevice,
  makeDevices,
  startLatchkey,
  V1,
} from './latchkey.ts'
import { type LoadDevice, loadDevice } from './load.ts'
import { against, measured } from './rounds.ts'

const CHILDREN = 10_000
const ROWS = 20_000
const CLAIMS = 1000
const AT_ONCE = 64

const singleClaims = async (latchkey: Latchkey): Promise<Row> => {
  let row: Row = { cpuUs: 0, perSecond: 0 }
  for (const name of ['warm', 'single']) {
    const made = await makeDevices(latchkey, name, CLAIMS)
    const devices = await connectDevices(latchkey, made)
    row = await measured(latchkey.child, CLAIMS, AT_ONCE, (i) =>
      claimOne(latchkey, devices[i] as LoadDevice, made[i] as MadeDevice, `secret-${i}`),
    )
    for (const device of devices) device.end()
  }
  return row
}

/** Posts a file of devices and waits until the last row of it is there. */
const imported = async ({ child, maker }: Latchkey, name: string, rows: number): Promise<Row> => {
  const file = Array.from({ length: rows }, (_, i) => JSON.stringify({ name: `${name}-${i}` }))
  const before = child.cpuUs()
  const began = performance.now()
  const reply = await maker.send(
    `${V1}/devices/import`,
    'application/x-ndjson',
    `${file.join('\n')}\n`,
  )
  if (reply.status !== 202) throw new Error(`${reply.status} ${reply.body}`)
  const { id } = JSON.parse(reply.body)
  for (;;) {
    const { state, created: made } = JSON.parse((await maker.get(`${V1}/operations/${id}`)).body)
    if (state === 'done' && made !== rows) throw new Error(`${made} of ${rows} rows`)
    if (state === 'done') break
    await sleep(50)
  }
  const seconds = (performance.now() - began) / 1000
  return { cpuUs: (child.cpuUs() - before) / rows, perSecond: rows / seconds }
}

/** One publish of a gateway opens the windows of all its children. */
const gatewayBatch = async (latchkey: Latchkey): Promise<Row> => {
  const [made] = await makeDevices(latchkey, 'gateway', 1, { gateway: true })
  await imported(latchkey, 'child', CHILDREN)
  const gateway = await loadDevice(latchkey.mqttPort, made?.token ?? '', 'g', [
    'latchkey/v1/gateway/claims/result',
  ])
  for (let i = 0; i < CHILDREN; i++)
    await gateway.publish('latchkey/v1/gateway/connect', JSON.stringify({ device: `child-${i}` }))
  const items = Array.from({ length: CHILDREN }, (_, i) => ({
    ...{ device: `child-${i}`, secret: `secret-${i}`, durationMs: 60_000 },
  }))
  const row = await measured(latchkey.child, 1, 1, async () => {
    const answered = gateway.heard()
    await gateway.publish('latchkey/v1/gateway/claims', JSON.stringify(items))
    await answered
  })
  gateway.end()
  return { cpuUs: row.cpuUs / CHILDREN, perSecond: row.perSecond * CHILDREN }
}

const onStore = async (store: string, folder: string): Promise<Record<string, Row>> => {
  const latchkey = await startLatchkey(store, folder)
  try {
    const single = await singleClaims(latchkey)
    return against(single.cpuUs, {
      'a claim by itself': single,
      [`a child of ${CHILDREN} in one publish`]: await gatewayBatch(latchkey),
      [`a row of ${ROWS} in an import`]: await imported(latchkey, 'row', ROWS),
    })
  } finally {
    await latchkey.end()
  }
}

const named = (store: string, rows: Rows): Record<string, Row> =>
  Object.fromEntries(Object.entries(rows).map(([name, row]) => [`${name}, ${store}`, row]))

/** Many devices at once, held against one claim by itself. */
export const batch: Benchmark = {
  name: 'batch',
  about: 'one device of many: opened by its gateway, or imported; held against a whole claim',
  run: async (): Promise<Rows> => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const redis = await startRedisPeer(folder)
    try {
      const embedded = await onStore(`embedded:${join(folder, 'store')}`, folder)
      const onRedis = redis && (await onStore(redis.url, folder))
      return { ...named('embedded store', embedded), ...(onRedis ? named('Redis', onRedis) : {}) }
    } finally {
      await redis?.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
