import { randomInt, randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import { attachClaiming } from '../../broker/attach.ts'
import { native } from '../../broker/dialects/native.ts'
import { createExchange } from '../../broker/front/exchange.ts'
import { standBefore } from '../../broker/front/front.ts'
import { asBrokerPort, type Client, packetSinkOf } from '../../broker/port.ts'
import { createEngine } from '../../shared/claim/engine.ts'
import { createDelivery } from '../../shared/delivery/index.ts'
import { createBudget } from '../../shared/guard/budget.ts'
import { createDigests } from '../../shared/guard/digests.ts'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'
import { silentLog } from '../../shared/log.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { createRegistry } from '../../shared/registry/index.ts'
import { openStore } from '../../shared/store/open.ts'

/** Somebody's own Aedes with claiming attached and our front before it: their own topics go on. */
const log = silentLog
const now = Date.now
const newId = () => randomUUID()
const store = await openStore({ url: `embedded:${process.env.BENCH_FOLDER}`, log })
const digests = createDigests(new Uint8Array(32).fill(1))
const registry = createRegistry({ store, digests, now, newId, random: (n) => randomInt(n) })
const budget = createBudget(store)
const engine = createEngine({ store, digests, budget, log, metrics: noMetrics, now, newId })
const aedes = await Aedes.createBroker()
const broker = asBrokerPort(aedes)
const fronts = new WeakMap<Client, ReturnType<typeof standBefore>>()
const limits = { ...DEFAULT_LIMITS, publishesPerSecond: 10_000_000, grantedQos: 2 } as const
const exchange = createExchange(aedes, { backlogBytes: limits.backlogBytes })
await attachClaiming(aedes, {
  store,
  registry,
  engine,
  delivery: createDelivery({ store, log, now, newId }),
  log,
  now,
  dialects: [native],
  strangers: 'pass',
  frontOf: (client) => fronts.get(client),
})
const server = createServer({ noDelay: true }, (socket) => {
  const client = broker.handle(socket)
  fronts.set(
    client,
    standBefore(packetSinkOf(client), socket, { limits, onEvent: () => undefined, exchange }),
  )
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ msg: 'ready', mqtt: server.address() })}\n`)
})
process.on('SIGTERM', () => process.exit(0))
