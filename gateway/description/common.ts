import { Type } from 'typebox'
import type { Calls } from './call.ts'

const stateOf = (status: string) =>
  Type.Object({ status: Type.Literal(status) }, { additionalProperties: false })

/** What every gateway answers, whichever dialects it serves. */
export const commonCalls: Calls = {
  isAlive: {
    on: 'GET /healthz',
    topic: 'Operation',
    summary: 'Whether the process lives',
    by: 'anyone',
    answers: { 200: { is: 'It does', body: stateOf('alive') } },
  },
  isReady: {
    on: 'GET /readyz',
    topic: 'Operation',
    summary: 'Whether the store can be reached',
    by: 'anyone',
    answers: { 200: { is: 'It can', body: stateOf('ready') } },
  },
  readMetrics: {
    on: 'GET /metrics',
    topic: 'Operation',
    summary: 'Numbers for Prometheus',
    about: 'For this machine alone, unless `LATCHKEY_METRICS` says `public`.',
    by: 'this machine',
    answers: { 200: { is: 'Text exposition format', body: Type.String(), type: 'text/plain' } },
    problems: [404],
  },
}
