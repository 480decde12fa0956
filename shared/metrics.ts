import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Reason } from './model/reasons.ts'

/** What an engine is asked to do. */
export type Verb = 'offer' | 'redeem' | 'release' | 'look'
/** What a store is asked to do. */
export type StoreCall = 'read' | 'commit' | 'list' | 'tail' | 'last' | 'count' | 'announce' | 'ping'
/** `conflict`: something that a commit expected had changed; it is tried again. */
export type StoreOutcome = 'done' | 'conflict' | 'down'

/** What is counted, in the form Prometheus reads. One set for each process. Every label has a bounded number of values. */
export type Metrics = {
  /** A half was left or brought, and what came of it. */
  readonly claim: (verb: 'offer' | 'redeem' | 'release', state: string, reason?: Reason) => void
  /** How long the engine took, in seconds. */
  readonly claimTook: (verb: Verb, seconds: number) => void
  /** An HTTP request was answered. `route`: its row, not its path; `undefined`: it has none. */
  readonly answered: (
    method: string,
    route: string | undefined,
    status: number,
    seconds: number,
  ) => void
  /** What a device published on a topic of that row was handled. */
  readonly handled: (topic: string, seconds: number) => void
  /** A store answered, or could not. */
  readonly stored: (call: StoreCall, outcome: StoreOutcome, seconds: number) => void
  /** What a device is told lay in the outbox for so long. */
  readonly noticed: (seconds: number) => void
  /** Somebody did more than he may, or something that a protocol forbids. */
  readonly limited: (limit: string) => void
  /** What became of a mail or a text message at one try; if it was sent, how long after it was asked for. */
  readonly message: (
    way: string,
    outcome: 'sent' | 'postponed' | 'given-up',
    seconds?: number,
  ) => void
  /** Spans of traces that could not be sent. */
  readonly spansLost: (count: number) => void
  /** `count` is asked whenever the numbers are read. */
  readonly connections: (count: () => number) => void
  /** The numbers as text, and their content type. */
  readonly read: () => Promise<{ readonly type: string; readonly text: string }>
}

/** Seconds: from a read in memory to what a person gives up waiting for. */
const QUICK = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
/** Seconds: from at once to an hour. */
const SLOW = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600]

/** A histogram whose series are looked up once each: labels are few, observations many. */
const createTimes = (
  registers: Registry[],
  name: string,
  help: string,
  labelNames: string[],
  buckets: number[],
) => {
  const histogram = new Histogram({ name, help, labelNames, buckets, registers })
  const series = new Map<string, { observe: (seconds: number) => void }>()
  return (seconds: number, ...labels: readonly string[]): void => {
    const key = labels.length === 1 ? (labels[0] as string) : labels.join('\n')
    let one = series.get(key)
    if (one === undefined) {
      one = histogram.labels(...labels)
      series.set(key, one)
    }
    one.observe(seconds)
  }
}

const createTimings = (register: Registry) => {
  const times = (name: string, help: string, labels: string[], buckets = QUICK) =>
    createTimes([register], name, help, labels, buckets)
  return {
    claims: times('latchkey_claim_duration_seconds', 'What the engine took, by verb', ['verb']),
    requests: times(
      'latchkey_http_request_duration_seconds',
      'HTTP requests, but those that wait on purpose, by route and class of status',
      ['method', 'route', 'status'],
    ),
    publishes: times(
      'latchkey_mqtt_publish_duration_seconds',
      'From a publish of a device to its acknowledgement, by row of topics',
      ['topic'],
    ),
    calls: times('latchkey_store_call_duration_seconds', 'Calls of the store', ['call']),
    notices: times(
      'latchkey_notice_delay_seconds',
      'How long what a connected device is told lay in the outbox',
      [],
      SLOW,
    ),
    messages: times(
      'latchkey_message_delay_seconds',
      'How long a mail or a text message waited until it was sent',
      ['way'],
      SLOW,
    ),
  }
}

const createCounters = (register: Registry) => {
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers: [register] })
  return {
    claims: counter('latchkey_claims_total', 'Halves of claims by verb, outcome and reason', [
      'verb',
      'state',
      'reason',
    ]),
    limits: counter('latchkey_limits_total', 'What was refused or slowed down, by limit', [
      'limit',
    ]),
    messages: counter(
      'latchkey_messages_total',
      'Mails and text messages by way and what became of them',
      ['way', 'outcome'],
    ),
    conflicts: counter(
      'latchkey_store_conflicts_total',
      'Commits that were tried again because somebody else was faster',
      [],
    ),
    outages: counter('latchkey_store_failures_total', 'Calls that the store could not answer', [
      'call',
    ]),
    spans: counter('latchkey_spans_lost_total', 'Spans of traces that could not be sent', []),
  }
}

/** Numbers of one process; names are stable: docs/operations.md. */
export const createMetrics = (): Metrics => {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const counters = createCounters(register)
  const timings = createTimings(register)
  let countConnections = () => 0
  let storeIsUp = 1
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [register],
      collect() {
        this.set(value())
      },
    })
  gauge('latchkey_connections', 'Devices connected to this process', () => countConnections())
  gauge('latchkey_store_up', '1: the store answered last time; 0: it could not', () => storeIsUp)
  return {
    claim: (verb, state, reason) => counters.claims.inc({ verb, state, reason: reason ?? '' }),
    claimTook: (verb, seconds) => timings.claims(seconds, verb),
    answered: (method, route, status, seconds) => {
      const known = route === undefined ? ['other', 'none'] : [method, route]
      timings.requests(seconds, ...known, `${Math.floor(status / 100)}xx`)
    },
    handled: (topic, seconds) => timings.publishes(seconds, topic),
    stored: (call, outcome, seconds) => {
      storeIsUp = outcome === 'down' ? 0 : 1
      if (outcome === 'conflict') counters.conflicts.inc()
      if (outcome === 'down') counters.outages.inc({ call })
      timings.calls(seconds, call)
    },
    noticed: (seconds) => timings.notices(Math.max(0, seconds)),
    limited: (limit) => counters.limits.inc({ limit }),
    message: (way, outcome, seconds) => {
      counters.messages.inc({ way, outcome })
      if (seconds !== undefined) timings.messages(Math.max(0, seconds), way)
    },
    spansLost: (count) => counters.spans.inc(count),
    connections: (count) => {
      countConnections = count
    },
    read: async () => ({ type: register.contentType, text: await register.metrics() }),
  }
}

/** For programs that embed us and count by themselves. */
export const noMetrics: Metrics = {
  claim() {},
  claimTook() {},
  answered() {},
  handled() {},
  stored() {},
  noticed() {},
  limited() {},
  message() {},
  spansLost() {},
  connections() {},
  read: async () => ({ type: 'text/plain', text: '' }),
}
