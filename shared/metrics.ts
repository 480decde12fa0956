import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Reason } from './model/reasons.ts'

/** What is counted, in the form Prometheus reads. One set for each process. */
export type Metrics = {
  /** A half was left or brought, and what came of it. */
  readonly claim: (verb: 'offer' | 'redeem' | 'release', state: string, reason?: Reason) => void
  /** Somebody did more than he may, or something that a protocol forbids. */
  readonly limited: (limit: string) => void
  /** What became of a mail or a text message at one try. */
  readonly message: (way: string, outcome: 'sent' | 'postponed' | 'given-up') => void
  /** `count` is asked whenever the numbers are read. */
  readonly connections: (count: () => number) => void
  /** The numbers as text, and their content type. */
  readonly read: () => Promise<{ readonly type: string; readonly text: string }>
}

/** Counters of one process; names are stable. */
export const createMetrics = (): Metrics => {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const claims = new Counter({
    name: 'latchkey_claims_total',
    help: 'Halves of claims by verb, outcome and reason',
    labelNames: ['verb', 'state', 'reason'],
    registers: [register],
  })
  const limits = new Counter({
    name: 'latchkey_limits_total',
    help: 'What was refused or slowed down, by limit',
    labelNames: ['limit'],
    registers: [register],
  })
  const messages = new Counter({
    name: 'latchkey_messages_total',
    help: 'Mails and text messages by way and what became of them',
    labelNames: ['way', 'outcome'],
    registers: [register],
  })
  let countConnections = () => 0
  new Gauge({
    name: 'latchkey_connections',
    help: 'Devices connected to this process',
    registers: [register],
    collect() {
      this.set(countConnections())
    },
  })
  return {
    claim: (verb, state, reason) => claims.inc({ verb, state, reason: reason ?? '' }),
    limited: (limit) => limits.inc({ limit }),
    message: (way, outcome) => messages.inc({ way, outcome }),
    connections: (count) => {
      countConnections = count
    },
    read: async () => ({ type: register.contentType, text: await register.metrics() }),
  }
}

/** For programs that embed us and count by themselves. */
export const noMetrics: Metrics = {
  claim() {},
  limited() {},
  message() {},
  connections() {},
  read: async () => ({ type: 'text/plain', text: '' }),
}
