import type { FastifyReply } from 'fastify'
import { type Refused, refused } from '../../../shared/model/outcomes.ts'
import type { Reason } from '../../../shared/model/reasons.ts'
import { sendProblem } from '../../problem.ts'

/** The account or the transfer that a letter speaks of is not there any more: nor is what its token could do. */
export const goneLetter = refused('token-unknown')

type Words = { readonly status: number; readonly detail: string }

/** A token that was used, or replaced by that of a newer letter, is gone like a wrong one. */
const GONE: Words = {
  status: 400,
  detail: 'The token of the letter was used, replaced by a newer one, or is none.',
}
const WORDS: ReadonlyMap<Reason, Words> = new Map([
  ['token-expired', { status: 400, detail: 'The letter is too old.' }],
  ['epoch-changed', { status: 409, detail: 'There is nothing left to answer.' }],
])

/** Why a letter is good for nothing. */
export const letterProblem = (reply: FastifyReply, { reason }: Refused): FastifyReply =>
  sendProblem(reply, { reason, ...(WORDS.get(reason) ?? GONE) })
