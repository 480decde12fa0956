import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark, Row } from './benchmark.ts'
import { type Child, startChild } from './child.ts'
import { type LoadDevice, loadDevice, timed } from './load.ts'
import { against, alternating, measured, median } from './rounds.ts'

const ROUNDS = 6
const PUBLISHERS = 100
const PUBLISHES = 40_000
const AT_ONCE = 2000
const IDLE = 4000
const IDLE_ROUNDS = 3
const WARM_UP = 300
const SETTLE_MS = 1500

type Peer = { readonly name: string; readonly script: string }

const PEERS: readonly [Peer, ...Peer[]] = [
  { name: 'bare Aedes', script: 'bench/peers/aedes.js' },
  { name: 'with claiming and front', script: 'bench/peers/embedded.js' },
]

const publishers = async (port: number): Promise<LoadDevice[]> => {
  const devices: LoadDevice[] = []
  for (let i = 0; i < PUBLISHERS; i++) devices.push(await loadDevice(port, 'theirs', `p${i}`))
  return devices
}

const round = (child: Child, devices: readonly LoadDevice[]): Promise<Row> =>
  measured(child, PUBLISHES, AT_ONCE, (i) =>
    (devices[i % PUBLISHERS] as LoadDevice).publish(
      'their/own/topic',
      'a payload of some twenty bytes',
    ),
  )

/** KiB of resident memory for each of many idle connections, in a process that does nothing else. */
const idleKib = async (script: string, folder: string): Promise<number> => {
  const child = await startChild(script, { BENCH_FOLDER: folder })
  const port = child.ready.mqtt?.port as number
  const connected = async (count: number, name: string) => {
    const clients: LoadDevice[] = []
    await timed(count, 16, async (i) => {
      clients[i] = await loadDevice(port, 'theirs', `${name}${i}`)
    })
    return clients
  }
  // What the first connections compile and load is not theirs.
  for (const client of await connected(WARM_UP, 'w')) client.end()
  await sleep(SETTLE_MS)
  const before = child.rssKib()
  const idle = await connected(IDLE, 'i')
  await sleep(SETTLE_MS)
  const each = (child.rssKib() - before) / IDLE
  for (const client of idle) client.end()
  await child.end()
  return each
}

/** What front and plugin cost a program's own topics: the same publishes to a bare Aedes, in alternating rounds. */
export const embed: Benchmark = {
  name: 'embed',
  about: `a QoS 1 publish on a program's own topic, ${PUBLISHERS} publishers, ${AT_ONCE} under way, and the memory of an idle connection; held against bare Aedes`,
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const env = { BENCH_FOLDER: join(folder, 'store') }
    const children = await Promise.all(PEERS.map(({ script }) => startChild(script, env)))
    try {
      const loads = await Promise.all(
        children.map(({ ready }) => publishers(ready.mqtt?.port as number)),
      )
      const rows = await alternating(
        ROUNDS,
        Object.fromEntries(
          PEERS.map(({ name }, place) => [
            name,
            () => round(children[place] as Child, loads[place] as LoadDevice[]),
          ]),
        ),
      )
      const ratios = against(rows[PEERS[0].name]?.cpuUs as number, rows)
      const held: Record<string, Row> = {}
      for (const { name, script } of PEERS) {
        const seen: number[] = []
        for (let i = 0; i < IDLE_ROUNDS; i++)
          seen.push(await idleKib(script, join(folder, `idle-${i}`)))
        held[name] = { ...(ratios[name] as Row), kib: median(seen) }
      }
      return held
    } finally {
      for (const child of children) await child.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
