import type { Problem, Reason } from './api.ts'

/** The server has done it. `claim`: the id of the claim that its `Location` leads to. */
export type Done<T> = {
  readonly ok: true
  readonly status: number
  readonly value: T
  readonly claim?: string
}

/** The server was asked, understood, and refused: RFC 9457, with the stable reason. `claim`: what `explainClaim` takes. */
export type Refused = {
  readonly ok: false
  readonly status: number
  readonly reason: Reason | 'unavailable'
  readonly problem: Problem
  readonly claim?: string
}

/** What became of a call. A refusal is a value; an outage is thrown (`Unreachable`). */
export type Result<T> = Done<T> | Refused

/** There was no answer, or one of the 5xx kind, or one that is none of Latchkey's. Whether anything was done nobody can tell. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  /** What the server said of it, if it said anything. */
  readonly problem: Problem | undefined

  constructor(message: string, cause?: unknown, problem?: Problem) {
    super(message, { cause })
    this.problem = problem
  }
}

/** A stream of events that cannot go on: nobody is signed in any more, or it cannot be taken up where it was left. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused'
  readonly refused: Refused

  constructor(refused: Refused) {
    super(refused.problem.detail ?? refused.problem.title)
    this.refused = refused
  }
}

/** A problem that needs no server to be seen. */
export const badRequest = (member: string, message: string): Refused => ({
  ok: false,
  status: 400,
  reason: 'bad-request',
  problem: {
    type: 'urn:latchkey:problem:bad-request',
    title: 'Bad request',
    status: 400,
    reason: 'bad-request',
    errors: [{ path: `/${member}`, message }],
  },
})
