import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metrics } from '../shared/metrics.ts'
import { readTraceparent } from '../shared/trace/traceparent.ts'
import type { Span, Tracer } from '../shared/trace/tracer.ts'

type Watched = { readonly metrics: Pick<Metrics, 'answered'>; readonly tracer?: Tracer | undefined }

const routeOf = (request: FastifyRequest): string | undefined => request.routeOptions.url

/** A long poll waits because it was asked to. */
const WAITS = /[?&]waitMs=/

/** Whether a reply came as soon as it could. Streams and long polls come when there is something to tell. */
const isPrompt = (request: FastifyRequest, type: unknown): boolean =>
  !(typeof type === 'string' && type.startsWith('text/event-stream')) && !WAITS.test(request.url)

const measure = (app: FastifyInstance, metrics: Watched['metrics']): void => {
  app.addHook('onResponse', (request, reply, done) => {
    if (isPrompt(request, reply.getHeader('content-type') ?? reply.raw.getHeader('content-type')))
      metrics.answered(request.method, routeOf(request), reply.statusCode, reply.elapsedTime / 1000)
    done()
  })
}

/** A span for each request. Its name is the route, not the path: ids and secrets may stand in a path. */
const trace = (app: FastifyInstance, tracer: Tracer): void => {
  const spans = new WeakMap<FastifyRequest, Span>()
  app.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request)
    const method = route === undefined ? 'other' : request.method
    const span = tracer.begin(
      route === undefined ? 'HTTP' : `${method} ${route}`,
      'server',
      {
        'http.request.method': method,
        ...(route === undefined ? {} : { 'http.route': route }),
      },
      readTraceparent(request.headers.traceparent),
    )
    spans.set(request, span)
    tracer.within(span, done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply
    const attributes = { 'http.response.status_code': statusCode }
    spans.get(request)?.end(attributes, statusCode >= 500)
    done()
  })
}

/** Says how long requests took; with a tracer, traces them. Before any other hook. */
export const observeRequests = (app: FastifyInstance, { metrics, tracer }: Watched): void => {
  if (tracer !== undefined) trace(app, tracer)
  measure(app, metrics)
}
