import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Row, Rows } from './benchmark.ts'
import { type Child, startChild, startMosquitto } from './child.ts'
import { makeDevices, startLatchkey } from './latchkey.ts'
import { type LoadDevice, loadDevice } from './load.ts'
import { against, alternating, measured } from './rounds.ts'

const ROUNDS = 5
const CLIENTS = 1000
const AT_ONCE = 50
const SETTLE_MS = 1500

type Who = (i: number) => string

/** Everybody comes, and goes. */
const coming = (child: Child, who: Who) => async (): Promise<Row> => {
  const clients: LoadDevice[] = []
  const port = child.ready.mqtt?.port as number
  const row = await measured(child, CLIENTS, AT_ONCE, async (i) => {
    clients[i] = await loadDevice(port, who(i), `c${i}`)
  })
  for (const client of clients) client.end()
  await sleep(SETTLE_MS)
  return row
}

/** What a connection costs to accept, with its credential looked up. */
export const connections: Benchmark = {
  name: 'connect',
  about: `a CONNECT to its CONNACK, ${AT_ONCE} under way; ours looks the credential up and takes the device's presence; held against bare Aedes, which asks nobody`,
  run: async (): Promise<Rows> => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const aedes = await startChild('bench/peers/aedes.js', {})
    const mosquitto = await startMosquitto(folder)
    const latchkey = await startLatchkey(`embedded:${join(folder, 'store')}`, folder)
    try {
      const made = await makeDevices(latchkey, 'connect', CLIENTS)
      const rows = await alternating(ROUNDS, {
        'bare Aedes': coming(aedes, () => 'x'),
        ...(mosquitto ? { Mosquitto: coming(mosquitto, () => 'x') } : {}),
        'Latchkey, embedded store': coming(latchkey.child, (i) => made[i]?.token ?? ''),
      })
      return against(rows['bare Aedes']?.cpuUs as number, rows)
    } finally {
      await latchkey.end()
      await Promise.all([aedes.end(), mosquitto?.end()])
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
