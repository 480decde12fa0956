import { afterEach, describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import { createExporter, LONGEST_QUEUE } from '../../shared/trace/exporter.ts'
import { readTraceSettings } from '../../shared/trace/settings.ts'
import { readTraceparent } from '../../shared/trace/traceparent.ts'
import { createTracer, type FinishedSpan } from '../../shared/trace/tracer.ts'
import { customer, makeDevice, signIn } from '../support/api.ts'
import { attributeOf, type Span, startCollector } from '../support/collector.ts'
import { connectDevice } from '../support/device.ts'
import { startServer } from '../support/server.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`
const NAMES = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_SERVICE_NAME',
] as const

const endings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

describe('a claim that is traced', () => {
  const traced = async () => {
    const collector = await startCollector()
    endings.push(collector.close)
    const server = await startServer({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=lamps%20and%20locks',
      OTEL_SERVICE_NAME: 'locks',
    } satisfies Record<(typeof NAMES)[number], string>)
    const maker = await signIn(server.httpUrl)
    const ada = await customer(server.httpUrl)
    const lamp = await makeDevice(maker)
    const device = await connectDevice(server.mqttUrl, lamp.token)
    const thing = `v2/things/${lamp.token}`
    await device.publish('latchkey/v1/claim', { secret: 'SEKRET-in-a-window' })
    await device.publish(thing, { values: [{ key: 'lux', value: 7 }] })
    await fetch(`${server.httpUrl}/v2/things/${lamp.token}/resources/lux`)
    const claimed = await fetch(`${server.httpUrl}/latchkey/v1/claims`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${ada.token}`,
        'content-type': 'application/json',
        traceparent: TRACEPARENT,
      },
      body: JSON.stringify({ device: lamp.name, secret: 'SEKRET-in-a-window' }),
    })
    expect(claimed.status).toBe(201)
    await device.end()
    // The end of the process sends what is left.
    await server.close()
    return { collector, lamp, ada }
  }

  test('is one trace from the request to the commit, under the trace of its caller', async () => {
    const { collector } = await traced()
    const own = collector.spans().filter(({ traceId }) => traceId === TRACE)
    const named = (name: string) => own.find((span) => span.name === name) as Span
    const request = named('POST /latchkey/v1/claims')
    const verb = named('claim redeemDevice')
    const commit = named('store commit')
    expect(request).toMatchObject({ parentSpanId: CALLER, kind: 2 })
    expect(attributeOf(request, 'http.response.status_code')).toBe('201')
    expect(attributeOf(request, 'http.route')).toBe('/latchkey/v1/claims')
    expect(verb.parentSpanId).toBe(request.spanId)
    expect(attributeOf(verb, 'latchkey.outcome')).toBe('claimed')
    expect(commit.parentSpanId).toBe(verb.spanId)
    for (const span of collector.spans()) {
      expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano))
    }
  })

  test('begins at the device with its publish, by the row of the topic', async () => {
    const { collector } = await traced()
    const publish = collector.spans().find(({ name }) => name === 'mqtt latchkey/v1/claim') as Span
    expect(publish).toMatchObject({ kind: 5 })
    expect(publish.parentSpanId).toBeUndefined()
    expect(attributeOf(publish, 'latchkey.outcome')).toBe('acknowledged')
    const below = collector.spans().filter(({ traceId }) => traceId === publish.traceId)
    expect(below.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['claim offerWindow', 'store commit']),
    )
  })

  test('says where it comes from, with the headers that are set', async () => {
    const { collector } = await traced()
    expect(collector.posts[0]?.path).toBe('/v1/traces')
    expect(collector.posts[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-tenant': 'lamps and locks',
    })
    const { attributes } = collector.resources()[0].resource
    expect(attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'locks' } })
  })

  test('has no secret, no token and no e-mail address in it', async () => {
    const { collector, lamp, ada } = await traced()
    const all = collector.posts.map(({ text }) => text).join('\n')
    expect(all).toContain('thethings, credential in the topic')
    for (const secret of ['SEKRET', lamp.token, ada.token as string, ada.email, lamp.name])
      expect(all.includes(secret)).toBe(false)
  })
})

describe('a collector that does not take traces', () => {
  const span = (n: number): FinishedSpan => ({
    trace: TRACE,
    span: n.toString(16).padStart(16, '0'),
    isSampled: true,
    name: `span ${n}`,
    kind: 'internal',
    startedAt: 1n,
    endedAt: 2n,
    attributes: {},
    isFailed: false,
  })
  const exporterTo = (url: string) => {
    const lost = { count: 0 }
    const exporter = createExporter({
      ...{ url, headers: {}, timeoutMs: 1000, service: 'latchkey', instance: 'one' },
      log: silentLog,
      onLost: (count) => {
        lost.count += count
      },
    })
    return { exporter, lost }
  }

  test('costs a bounded queue, and what is lost is counted', async () => {
    // A port that nobody listens on.
    const { exporter, lost } = exporterTo('http://127.0.0.1:1/v1/traces')
    const all = LONGEST_QUEUE * 3
    for (let n = 1; n <= all; n++) exporter.keep(span(n))
    expect(lost.count).toBeGreaterThanOrEqual(LONGEST_QUEUE)
    await exporter.close()
    exporter.keep(span(1))
    expect(lost.count).toBe(all + 1)
  })

  test('is asked again after a 503, and not after a 400', async () => {
    let status = 503
    const collector = await startCollector(() => status)
    endings.push(collector.close)
    const first = exporterTo(`${collector.url}/v1/traces`)
    first.exporter.keep(span(1))
    const closing = first.exporter.close()
    while (collector.posts.length === 0) await new Promise((resolve) => setImmediate(resolve))
    status = 200
    await closing
    expect([collector.posts.length, first.lost.count]).toEqual([2, 0])
    status = 400
    const second = exporterTo(`${collector.url}/v1/traces`)
    second.exporter.keep(span(2))
    await second.exporter.close()
    expect([collector.posts.length, second.lost.count]).toEqual([3, 1])
  })
})

describe('how many traces are recorded', () => {
  const tracerOf = (share: number, followsCaller: boolean) => {
    const kept: FinishedSpan[] = []
    const keep = (span: FinishedSpan) => void kept.push(span)
    const tracer = createTracer({ share, followsCaller, keep, close: async () => undefined })
    return { tracer, kept }
  }
  const place = (isSampled: boolean) => ({ trace: TRACE, span: CALLER, isSampled })

  test('is the share that is set, for whole traces', () => {
    const { tracer, kept } = tracerOf(0.25, true)
    for (let n = 0; n < 4000; n++) {
      const above = tracer.begin('above', 'internal')
      tracer.within(above, () => tracer.begin('below', 'internal').end())
      above.end()
      above.end()
    }
    const traces = new Set(kept.map(({ trace }) => trace))
    expect(kept.length).toBe(2 * traces.size)
    // 4000 draws at 0.25: 27 is a standard deviation.
    expect(Math.abs(traces.size - 1000)).toBeLessThan(27 * 6)
  })

  test('is what the caller says, or what is set, as the sampler has it', () => {
    const follows = tracerOf(0, true)
    follows.tracer.begin('a', 'server', {}, place(true)).end()
    follows.tracer.begin('b', 'server', {}, place(false)).end()
    expect(follows.kept.map(({ name }) => name)).toEqual(['a'])
    const decides = tracerOf(0, false)
    decides.tracer.begin('a', 'server', {}, place(true)).end()
    expect(decides.kept).toEqual([])
  })
})

// W3C Trace Context, 3.2.2 and 4.3; the examples are the specification's own.
test.each([
  ['an ordinary one', TRACEPARENT, true],
  ['one that is not sampled', `00-${TRACE}-${CALLER}-00`, true],
  [
    'a later version, with more behind it',
    `cc-${TRACE}-${CALLER}-01-what-the-future-will-be`,
    true,
  ],
  ['version 00 with more behind it', `00-${TRACE}-${CALLER}-01-what-the-future-will-be`, false],
  ['a later version, not parted by a dash', `cc-${TRACE}-${CALLER}-01.what-the-future`, false],
  ['version ff', `ff-${TRACE}-${CALLER}-01`, false],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${CALLER}-01`, false],
  ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`, false],
  ['capital letters', `00-${TRACE.toUpperCase()}-${CALLER}-01`, false],
  ['one without flags', `00-${TRACE}-${CALLER}`, false],
  ['nothing', '', false],
  ['a very long one', 'x'.repeat(10_000), false],
])('traceparent: %s', (_name, header, isValid) => {
  expect(readTraceparent(header) !== undefined).toBe(isValid)
})

describe('the standard variables', () => {
  const read = (env: Record<string, string>) => {
    const faults: string[] = []
    return { settings: readTraceSettings(env, faults), faults }
  }

  test('say where to, how many and under which name', () => {
    const { settings, faults } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.1',
    })
    expect(faults).toEqual([])
    expect(settings).toEqual({
      url: 'http://collector:4318/v1/traces',
      headers: {},
      timeoutMs: 10_000,
      service: 'latchkey',
      share: 0.1,
      followsCaller: false,
    })
    const own = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/traces' }
    expect(read(own).settings).toMatchObject({ url: 'https://c/traces', share: 1 })
  })

  test('nothing is traced without them, or when they say so', () => {
    const to = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
    for (const env of [
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
      { ...to, OTEL_SDK_DISABLED: 'true' },
      { ...to, OTEL_TRACES_EXPORTER: 'none' },
    ])
      expect(read(env)).toEqual({ settings: undefined, faults: [] })
  })

  test('what is wrong in them is said', () => {
    const to = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
    for (const env of [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
      { ...to, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      { ...to, OTEL_EXPORTER_OTLP_HEADERS: 'no pair' },
      { ...to, OTEL_EXPORTER_OTLP_HEADERS: 'a=%' },
      { ...to, OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' },
      { ...to, OTEL_TRACES_SAMPLER: 'some' },
      { ...to, OTEL_TRACES_SAMPLER_ARG: '2' },
    ])
      expect([env, read(env).faults.length]).toEqual([env, 1])
  })
})
