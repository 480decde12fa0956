import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log.ts'
import { VERSION } from '../version.ts'
import type { TraceSettings } from './settings.ts'
import { type Attributes, type FinishedSpan, KINDS } from './tracer.ts'

export type ExporterOptions = Pick<TraceSettings, 'url' | 'headers' | 'timeoutMs' | 'service'> & {
  readonly log: Log
  /** Names this process among those of the service. */
  readonly instance: string
  readonly onLost: (count: number) => void
}

/** Spans that wait. The next ones are lost, and counted: telling must never hold up or fill what is told of. */
export const LONGEST_QUEUE = 2048
const BATCH = 512
const EVERY_MS = 5000
const LAST_MS = 2000
const PAUSES_MS = [500, 2000]
/** OTLP 1.x, "Retryable Response Codes". */
const AGAIN = new Set([429, 502, 503, 504])

const attributesOf = (attributes: Attributes) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))

const STATUS_ERROR = 2

/** OTLP/JSON of a span. */
const spanOf = (one: FinishedSpan) => ({
  traceId: one.trace,
  spanId: one.span,
  ...(one.parent === undefined ? {} : { parentSpanId: one.parent }),
  name: one.name,
  kind: KINDS[one.kind],
  startTimeUnixNano: String(one.startedAt),
  endTimeUnixNano: String(one.endedAt),
  attributes: attributesOf(one.attributes),
  ...(one.isFailed ? { status: { code: STATUS_ERROR } } : {}),
})

/** Sends spans as OTLP over HTTP, JSON: some at a time, later, and never in the way of anybody. */
export const createExporter = (options: ExporterOptions) => {
  const { url, headers, timeoutMs, service, instance, log, onLost } = options
  const waiting: FinishedSpan[] = []
  const ending = new AbortController()
  let sending: Promise<void> | undefined
  let isTold = false
  const resource = {
    attributes: attributesOf({
      'service.name': service,
      'service.version': VERSION,
      'service.instance.id': instance,
    }),
  }
  const scope = { name: 'latchkey', version: VERSION }

  const post = async (body: string, within: AbortSignal): Promise<'sent' | 'again' | 'refused'> => {
    try {
      const reply = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal: AbortSignal.any([within, AbortSignal.timeout(timeoutMs)]),
      })
      await reply.body?.cancel()
      if (reply.ok) return 'sent'
      return AGAIN.has(reply.status) ? 'again' : 'refused'
    } catch {
      return 'again'
    }
  }

  const send = async (spans: readonly FinishedSpan[]): Promise<void> => {
    const scopeSpans = [{ scope, spans: spans.map(spanOf) }]
    const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })
    for (const pause of [...PAUSES_MS, undefined]) {
      const outcome = await post(body, ending.signal)
      if (outcome === 'sent') {
        isTold = false
        return
      }
      if (outcome === 'refused' || pause === undefined || ending.signal.aborted) break
      await sleep(pause, undefined, { ref: false, signal: ending.signal }).catch(() => undefined)
    }
    onLost(spans.length)
    if (!isTold) log.warn({ lost: spans.length }, 'traces cannot be sent; said once')
    isTold = true
  }

  const flush = (): Promise<void> => {
    sending ??= (async () => {
      while (waiting.length > 0) await send(waiting.splice(0, BATCH))
    })().finally(() => {
      sending = undefined
    })
    return sending
  }

  const timer = setInterval(() => void flush(), EVERY_MS)
  timer.unref()

  return {
    keep: (span: FinishedSpan): void => {
      if (ending.signal.aborted || waiting.length >= LONGEST_QUEUE) onLost(1)
      else waiting.push(span)
      if (waiting.length >= BATCH) void flush()
    },
    close: async (): Promise<void> => {
      clearInterval(timer)
      const late = setTimeout(() => ending.abort(), LAST_MS)
      await flush()
      clearTimeout(late)
      ending.abort()
    },
  }
}
