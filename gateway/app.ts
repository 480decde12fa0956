import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Addresses } from '../shared/audit/actor.ts'
import { StoreDown } from '../shared/errors.ts'
import { isLoopback } from '../shared/guard/network.ts'
import { TooBusy } from '../shared/guard/passwords.ts'
import { type IsProxy, noProxy } from '../shared/guard/proxies.ts'
import { TLS_POLICY } from '../shared/tls-policy.ts'
import type { Tracer } from '../shared/trace/tracer.ts'
import type { UpgradeTaker } from '../shared/upgrade.ts'
import { noteWhoAsks } from './asking.ts'
import { answerNoRequest } from './client-faults.ts'
import type { GatewayContext, HttpDialect } from './context.ts'
import { allowOrigins } from './cors.ts'
import { commonCalls } from './description/common.ts'
import { serveDescriptions } from './description/index.ts'
import { noteRoutes } from './description/routes.ts'
import { guardRequests } from './every-request.ts'
import { createListeners } from './listeners.ts'
import { createLive } from './live.ts'
import { createSockets } from './live-socket.ts'
import { observeRequests } from './observed.ts'
import { type Problem, sendProblem } from './problem.ts'
import { createStrays } from './strays.ts'
import { watchUnused } from './unused-connections.ts'
import { handUpgrades } from './upgrades.ts'
import { createWaits } from './waits.ts'
import { servePageOfDocs } from './web/docs.ts'

/** `dialects`: the platform APIs to serve beside what every gateway has. */
export type GatewayOptions = Omit<GatewayContext, 'waits' | 'live' | 'listeners' | 'sockets'> & {
  readonly dialects: readonly HttpDialect[]
  /** Whose `X-Forwarded-For` is believed. Absent: nobody's. */
  readonly isProxy?: IsProxy
  /** Whether the numbers of `/metrics` are for everybody; else only for this machine. */
  readonly publicMetrics?: boolean
  /** Web pages of other origins that may call the native API. */
  readonly origins?: readonly string[]
  /** Who takes WebSockets before the dialects do: MQTT over WebSocket. */
  readonly upgradeTakers?: readonly UpgradeTaker[]
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined
  /** How much of a client's address the audit has. */
  readonly auditAddresses?: Addresses
}

const BODY_LIMIT = 256 * 1024
const READY_MS = 3000
/** A whole request has so long, whoever sends it byte by byte: research/security.md S111. Node looks every second. */
const REQUEST_MS = 14_000
const HTTP = {
  headersTimeout: REQUEST_MS,
  connectionsCheckingInterval: 1000,
  // Node's own answer has no body; `guardRequests` looks at it.
  requireHostHeader: false,
} as const

/** What an exception means to a caller. Only outages and what Fastify itself refuses get here. */
export const problemOf = (error: FastifyError): Problem | undefined => {
  if (error instanceof StoreDown)
    return {
      status: 503,
      reason: 'unavailable',
      detail: 'The store cannot be reached.',
      retryAfterMs: 1000,
    }
  if (error instanceof TooBusy)
    return {
      status: 503,
      reason: 'unavailable',
      detail: 'Too many sign-ins at once.',
      retryAfterMs: 1000,
    }
  if (error.validation !== undefined) {
    const errors = error.validation.map(({ instancePath, message, params }) => {
      const extra = (params as { additionalProperty?: string }).additionalProperty
      const path = extra === undefined ? instancePath : `${instancePath}/${extra.slice(0, 64)}`
      return { path, message: message ?? 'is not valid' }
    })
    return { status: 400, reason: 'bad-request', errors }
  }
  const status = error.statusCode
  if (status !== undefined && status >= 400 && status < 500)
    return { status, reason: 'bad-request' }
  return undefined
}

const withTimeout = async (work: Promise<void>, ms: number) => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreDown('timed out')), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Whether a request was made on this machine, and not only handed on by it. */
const isFromHere = ({ socket, headers }: FastifyRequest): boolean =>
  isLoopback(socket.remoteAddress ?? '') &&
  headers['x-forwarded-for'] === undefined &&
  headers.forwarded === undefined

const createApp = (options: GatewayOptions): FastifyInstance => {
  const { tls, isProxy = noProxy } = options
  const ajv = new Ajv({
    strict: true,
    strictTypes: false,
    coerceTypes: false,
    removeAdditional: false,
  })
  addFormats.default(ajv)
  const common = {
    logger: false,
    bodyLimit: BODY_LIMIT,
    trustProxy: isProxy,
    // Longer than the longest wait of a request; what a client sends has its own limit.
    connectionTimeout: 75_000,
    http: HTTP,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: 60_000,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    // Some platforms' libraries end their paths with a slash.
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
    // A base URL that ends in a slash, before a path that begins with one: research/particle.md 3.1.
    rewriteUrl: ({ url = '/' }) => url.replace(/^\/{2,}/, '/'),
    frameworkErrors: createStrays(options).unreadable,
    clientErrorHandler: answerNoRequest,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  } as const
  const app: FastifyInstance =
    tls === undefined
      ? fastify(common)
      : (fastify({
          ...common,
          https: { ...HTTP, ...tls, ...TLS_POLICY },
        }) as unknown as FastifyInstance)
  app.setValidatorCompiler(({ schema }) => ajv.compile(schema))
  app.decorateRequest('signedIn', null)
  app.decorateRequest('projectKey', null)
  return app
}

/** The HTTP edge: health, and one plugin for each dialect. Not listening yet. */
export const buildGateway = async (options: GatewayOptions): Promise<FastifyInstance> => {
  const {
    log,
    store,
    metrics,
    dialects,
    publicMetrics,
    origins = [],
    upgradeTakers = [],
    tracer,
    auditAddresses = 'network',
    ...rest
  } = options
  const app = createApp(options)
  const routes = noteRoutes(app)
  guardRequests(app, options.tls !== undefined)
  observeRequests(app, { metrics, tracer })
  noteWhoAsks(app, auditAddresses)

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = problemOf(error)
    if (problem !== undefined) return sendProblem(reply, problem)
    log.error(
      { err: error, method: request.method, route: request.routeOptions.url },
      'request failed',
    )
    return sendProblem(reply, { status: 500, reason: 'unavailable' })
  })
  app.setNotFoundHandler(createStrays(options).absent)

  allowOrigins(app, origins)

  app.get('/healthz', async () => ({ status: 'alive' }))
  app.get('/readyz', async (_request, reply) => {
    await withTimeout(store.ping(), READY_MS)
    return reply.send({ status: 'ready' })
  })

  app.get('/metrics', async (request, reply) => {
    if (!publicMetrics && !isFromHere(request))
      return sendProblem(reply, {
        status: 404,
        reason: 'bad-request',
        detail: 'There is nothing at this path.',
      })
    const { type, text } = await metrics.read()
    return reply.type(type).send(text)
  })

  const waits = createWaits(store)
  const live = createLive({ store, log })
  const { registry, delivery, now } = rest
  const listeners = createListeners({ store, registry, delivery, log, now })
  const sockets = createSockets(log)
  const endUnused = watchUnused(app.server, options.tls !== undefined)
  app.addHook('preClose', async () => {
    endUnused()
    sockets.close()
    await Promise.all([waits.close(), live.close(), listeners.close()])
  })
  for (const dialect of dialects)
    await app.register(
      dialect.routes({ log, store, metrics, waits, live, listeners, sockets, ...rest }),
    )
  serveDescriptions(app, { dialects, routes, common: commonCalls })
  await servePageOfDocs(app, log)
  handUpgrades(app.server, [...upgradeTakers, sockets.take])
  return app
}
