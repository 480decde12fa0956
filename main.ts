import { randomInt, randomUUID } from 'node:crypto'
import { realpathSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { mode as modeMqtt } from './broker/dialects/mode.ts'
import { native as nativeMqtt } from './broker/dialects/native.ts'
import { particle as particleMqtt } from './broker/dialects/particle.ts'
import { thethings as thethingsMqtt } from './broker/dialects/thethings.ts'
import { thingsboard as thingsboardMqtt } from './broker/dialects/thingsboard.ts'
import { type RunningBroker, startBroker } from './broker/listen.ts'
import { observeDialect } from './broker/observed.ts'
import { buildGateway } from './gateway/app.ts'
import { mode as modeHttp } from './gateway/dialects/mode/index.ts'
import { native as nativeHttp } from './gateway/dialects/native/index.ts'
import { particle as particleHttp } from './gateway/dialects/particle/index.ts'
import { thethings as thethingsHttp } from './gateway/dialects/thethings/index.ts'
import { thingful } from './gateway/dialects/thingful/index.ts'
import { thingsboard as thingsboardHttp } from './gateway/dialects/thingsboard/index.ts'
import { consolePage } from './gateway/web/console.ts'
import { claimPage } from './gateway/web/index.ts'
import { letterPages } from './gateway/web/letter-pages.ts'
import { keepSealing } from './shared/audit/keep-sealing.ts'
import { createSealer } from './shared/audit/sealer.ts'
import { createEngine } from './shared/claim/engine.ts'
import { observeEngine } from './shared/claim/observed.ts'
import { type Config, readConfig } from './shared/config.ts'
import { createDelivery } from './shared/delivery/index.ts'
import { StoreDown, StoreUnfit } from './shared/errors.ts'
import { createBudget } from './shared/guard/budget.ts'
import { createDigests } from './shared/guard/digests.ts'
import { KeyFileUnfit, openInstanceKeys } from './shared/guard/instance-key.ts'
import { createImports } from './shared/imports/index.ts'
import { keepImporting } from './shared/imports/keep-importing.ts'
import { type Log, openLog } from './shared/log.ts'
import { startCouriers } from './shared/mail/couriers.ts'
import { createMail } from './shared/mail/mail.ts'
import { createMetrics } from './shared/metrics.ts'
import { makeFirst } from './shared/registry/first-start.ts'
import { createRegistry, newSecret, type Registry } from './shared/registry/index.ts'
import { keepClearing } from './shared/registry/keep-clearing.ts'
import { keepNaming } from './shared/registry/naming.ts'
import { prepareStore } from './shared/schema/prepare.ts'
import { createCounters } from './shared/statistics/counters.ts'
import { countEngine } from './shared/statistics/engine.ts'
import { observeStore } from './shared/store/observed.ts'
import { openStore } from './shared/store/open.ts'
import type { Store } from './shared/store/port.ts'
import { readTls, TlsUnfit } from './shared/tls-files.ts'
import { openTracer } from './shared/trace/index.ts'
import { startWebhooks } from './shared/webhooks/start.ts'

/** Where a running Latchkey can be reached, and how it is ended. */
export type Running = {
  readonly mqtt?: { readonly host: string; readonly port: number }
  readonly http?: { readonly host: string; readonly port: number }
  /** Stops accepting, finishes what is under way, flushes. Idempotent. */
  readonly close: () => Promise<void>
}

type StartOptions = {
  readonly config: Config
  readonly log: Log
  /** Told once, when the first maker was made with a generated password. */
  readonly onPassword: (email: string, password: string) => void
  /** Stands between the store and everything else. No setting reaches it: `faults/` shows that a wrong store is found out. */
  readonly aroundStore?: (store: Store) => Store
}

const founded = async (
  registry: Registry,
  config: Config,
  onPassword: StartOptions['onPassword'],
) => {
  const password = config.adminPassword ?? newSecret().slice(0, 24)
  const made = await makeFirst(registry, { email: config.adminEmail, password })
  if (made !== undefined && config.adminPassword === undefined)
    onPassword(config.adminEmail, password)
}

/** Config to store to engine to broker and gateway: the only place that knows both edges. */
export const start = async ({
  config,
  log,
  onPassword,
  aroundStore = (store) => store,
}: StartOptions): Promise<Running> => {
  const tls = config.tls === undefined ? undefined : readTls(config.tls)
  const secured = tls === undefined ? {} : { tls }
  const { root, signers } = openInstanceKeys(config.keyFile)
  const digests = createDigests(root, signers)
  const metrics = createMetrics()
  const tracer = openTracer({ settings: config.tracing, log, onLost: metrics.spansLost })
  const watched = { metrics, tracer }
  const replicated = config.replicas === undefined ? {} : { replicas: config.replicas }
  const allowUnsafe = config.storeUnsafe
  const opened = await openStore({ url: config.store, log, allowUnsafe, ...replicated })
  const store: Store = observeStore(aroundStore(opened), watched)
  const closers: (() => Promise<void>)[] = [() => store.close()]
  if (tracer !== undefined) closers.push(tracer.close)
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end()
  }
  try {
    const now = Date.now
    const newId = () => randomUUID()
    const random = (below: number) => randomInt(below)
    await prepareStore({ store, now, newId, log })
    const registry = createRegistry({ store, digests, now, newId, random })
    const tokens = registry.oneTimeTokens
    const mail = createMail({ store, tokens, now, newId, ...config.mail })
    const budget = createBudget(store)
    const codeLimits = config.limits
    const counters = createCounters({ store, now, log })
    closers.push(counters.close)
    const decided = createEngine({ store, digests, budget, log, metrics, now, newId, codeLimits })
    const engine = observeEngine(countEngine(decided, counters), watched)
    await founded(registry, config, onPassword)
    closers.push(keepClearing(registry.clearing, log).close, keepNaming({ store, log }))
    const delivery = createDelivery({ store, log, now, newId })
    const sealer = createSealer({ store, digests, keep: config.auditKeep, now })
    closers.push(await keepSealing({ store, sealer, log }))
    const context = { store, registry, engine, delivery, digests, mail, sealer, log, metrics, now }
    const { host, role, dialects } = config
    const wanted = (name: string) => name === 'latchkey' || dialects.some((d) => d === name)

    // Both edges stop accepting at once: connections of the one live on the other's port.
    const edges: (() => Promise<unknown>)[] = []
    closers.push(async () => {
      await Promise.all(edges.map((end) => end()))
    })
    let broker: RunningBroker | undefined
    if (role !== 'gateway') {
      broker = await startBroker({
        ...context,
        ...secured,
        host,
        port: config.mqttPort,
        limits: config.limits,
        origins: config.origins,
        isProxy: config.isProxy,
        dialects: MQTT_DIALECTS.filter(({ name }) => wanted(name)).map((dialect) =>
          observeDialect(dialect, watched),
        ),
      })
      edges.push(broker.close)
      metrics.connections(broker.connected)
    }
    let http: Running['http']
    if (role !== 'broker') {
      let publicUrl = config.publicUrl ?? ''
      const importing = { store, digests, devices: registry.devices, log, now, newId }
      const gateway = await buildGateway({
        ...context,
        ...secured,
        imports: createImports(importing),
        publicUrl: () => publicUrl,
        isProxy: config.isProxy,
        publicMetrics: config.publicMetrics,
        auditAddresses: config.auditAddresses,
        tracer,
        upgradeTakers: broker === undefined ? [] : [broker.acceptWebSocket],
        origins: config.origins,
        dialects: [
          ...HTTP_DIALECTS.filter(({ name }) => wanted(name)),
          claimPage({ frameOrigins: config.frameOrigins }),
          letterPages,
          consolePage,
        ],
      })
      edges.push(() => gateway.close())
      await gateway.listen({ host, port: config.httpPort })
      const { port } = gateway.server.address() as AddressInfo
      http = { host, port }
      const scheme = config.tls === undefined ? 'http' : 'https'
      if (publicUrl === '')
        publicUrl = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
      edges.push(
        await keepImporting(importing),
        await startCouriers({
          ...{ store, tokens, log, metrics, now, random },
          settings: config.mail,
          publicUrl: () => publicUrl,
        }),
        await startWebhooks({
          ...{ store, registry, digests, log, now, random },
          mayReach: config.mayReach,
        }),
      )
    }
    return {
      ...(broker === undefined ? {} : { mqtt: { host, port: broker.port } }),
      ...(http === undefined ? {} : { http }),
      close,
    }
  } catch (cause) {
    await close().catch(() => undefined)
    throw cause
  }
}

/** One row for each platform: its MQTT side, its HTTP side. */
const MQTT_DIALECTS = [nativeMqtt, thingsboardMqtt, particleMqtt, modeMqtt, thethingsMqtt]
const HTTP_DIALECTS = [nativeHttp, thingsboardHttp, particleHttp, modeHttp, thethingsHttp, thingful]

const EXIT_UNFIT = 2
const LONGEST_STOP_MS = 9_000
const WAIT_FOR_STORE_MS = 30_000

const say = (text: string) => process.stderr.write(`${text}\n`)

/** Why a start failed, in words for a person; `undefined`: it may succeed later. */
const faultsOf = (cause: unknown): readonly string[] | undefined => {
  if (cause instanceof StoreUnfit) return cause.faults
  if (cause instanceof KeyFileUnfit) return [`LATCHKEY_KEY_FILE: ${cause.message}`]
  if (cause instanceof TlsUnfit) return [`LATCHKEY_TLS_CERT, _KEY, _CA: ${cause.message}`]
  const { code, port } = cause as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return [`port ${port} is in use by another program`]
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') return [`cannot listen: ${code}`]
  return undefined
}

const startOrWait = async (options: StartOptions): Promise<Running> => {
  const until = Date.now() + WAIT_FOR_STORE_MS
  for (;;) {
    try {
      return await start(options)
    } catch (cause) {
      if (!(cause instanceof StoreDown) || Date.now() >= until) throw cause
      options.log.warn({ err: cause }, 'the store cannot be reached yet; trying again')
      await sleep(1000)
    }
  }
}

/** Runs until SIGTERM or SIGINT. Resolves with the exit code: 0, 1 (could not start) or 2 (wrong setting). */
export const serve = async (): Promise<number> => {
  const config = readConfig(process.env, process.cwd())
  if ('faults' in config) {
    for (const fault of config.faults) say(fault)
    return EXIT_UNFIT
  }
  const log = openLog(config.logLevel, process.stdout.isTTY)
  let stop: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  // The handlers stay: a second signal does not cut the end short.
  process.on('SIGTERM', () => stop())
  process.on('SIGINT', () => stop())
  let running: Running
  try {
    running = await startOrWait({
      config,
      log,
      onPassword: (email, password) =>
        say(
          `The first maker is ${email} with the password ${password}\n(shown only now; set LATCHKEY_ADMIN_PASSWORD to choose it)`,
        ),
    })
  } catch (cause) {
    const faults = faultsOf(cause)
    if (faults === undefined) say(`Latchkey could not start: ${(cause as Error).message}`)
    for (const fault of faults ?? []) say(fault)
    return faults === undefined ? 1 : EXIT_UNFIT
  }
  const { mqtt, http } = running
  if (process.stdout.isTTY) log.info({ mqtt, http }, 'ready')
  else
    process.stdout.write(
      `${JSON.stringify({ level: 30, time: Date.now(), msg: 'ready', mqtt, http, pid: process.pid })}\n`,
    )
  await stopped
  const late = sleep(LONGEST_STOP_MS, undefined, { ref: false })
  await Promise.race([running.close(), late])
  return 0
}

if (
  process.argv[1] !== undefined &&
  realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)
)
  process.exit(await serve())
