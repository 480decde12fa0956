import { randomInt, randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import {
  attachClaiming,
  createBudget,
  createDelivery,
  createDigests,
  createEngine,
  createExchange,
  createRegistry,
  DEFAULT_LIMITS,
  nativeMqtt,
  noMetrics,
  openInstanceKeys,
  openStore,
  packetSinkOf,
  silentLog,
  standBefore,
} from 'latchkey'

// Your broker, as it was.
const aedes = await Aedes.createBroker({
  authenticate: (_client, username, password, done) =>
    done(null, username === 'house' && String(password) === 'secret'),
})

// Latchkey's parts: a store, who and what there is, and the engine that decides.
const log = silentLog
const now = Date.now
const newId = () => randomUUID()
const store = await openStore({ url: 'embedded:./data/embed', log })
const { root, signers } = openInstanceKeys('./data/embed.key')
const digests = createDigests(root, signers)
const registry = createRegistry({ store, digests, now, newId, random: (below) => randomInt(below) })
const budget = createBudget(store)
const engine = createEngine({ store, digests, budget, log, metrics: noMetrics, now, newId })

const delivery = createDelivery({ store, log, now, newId })

// What clients of MQTT 5 on your own topics share.
const limits = { ...DEFAULT_LIMITS, grantedQos: 2 }
const exchange = createExchange(aedes, { backlogBytes: limits.backlogBytes })

const fronts = new WeakMap()
const attached = await attachClaiming(aedes, {
  store,
  registry,
  engine,
  delivery,
  log,
  now,
  dialects: [nativeMqtt],
  strangers: 'pass',
  frontOf: (client) => fronts.get(client),
})

// Your listener, with the strict reader before each socket.
const server = createServer({ noDelay: true }, (socket) => {
  const client = aedes.handle(socket)
  fronts.set(
    client,
    standBefore(packetSinkOf(client), socket, { limits, onEvent: () => undefined, exchange }),
  )
})

const project =
  (await registry.projects.find('default')) ??
  (await registry.projects.create({ name: 'default', accounts: 'email', provisioning: 'pre' }))
const made = await registry.devices.create({ project: project.id, name: `lamp-${Date.now()}` })

server.listen(Number(process.env.PORT ?? 1884), '127.0.0.1', () => {
  const { port } = server.address()
  console.log(JSON.stringify({ msg: 'ready', port, device: made.device.name, token: made.token }))
})
process.on('SIGTERM', async () => {
  server.close()
  exchange.close()
  await attached.detach()
  await new Promise((resolve) => aedes.close(resolve))
  await store.close()
  process.exit(0)
})
