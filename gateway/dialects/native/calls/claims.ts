import { Type } from 'typebox'
import { ReasonWord } from '../../../../shared/model/device-messages.ts'
import type { Calls } from '../../../description/call.ts'
import { Epoch, exactly, Id, oneOf, optional, Shown, Text, Time } from './shapes.ts'

const State = oneOf(['claimed', 'waiting', 'refused'])
const nextStep = optional(Type.String({ description: 'What to do about it, for a person' }))

export const Claimed = exactly({ id: Id, state: Type.Literal('claimed'), device: Id, epoch: Epoch })
export const Waiting = exactly({ id: Id, state: Type.Literal('waiting'), expiresAt: Time })
export const Claim = exactly({
  id: Id,
  state: State,
  device: optional(Id),
  epoch: optional(Epoch),
  reason: optional(ReasonWord),
  expiresAt: optional(Time),
  at: Time,
})
export const Attempt = exactly({
  id: Id,
  state: State,
  asked: Type.String({ description: 'The name or id that was asked for. Never a secret' }),
  device: optional(Id),
  epoch: optional(Epoch),
  reason: optional(ReasonWord),
  detail: optional(Text),
  nextStep,
  user: Id,
  home: optional(Id),
  via: Text,
  at: Time,
})
/** The claimer's safe view, or everything, for the owner and the maker. */
export const Explanation = Type.Union([
  exactly({ ...Claim.properties, detail: optional(Text), nextStep }),
  exactly({ ...Attempt.properties, attempts: Type.Array(Attempt) }),
])
const Transferred = Type.Union([
  exactly({ id: Text, state: Type.Literal('denied') }),
  exactly({ id: Text, state: Type.Literal('approved'), device: Id, epoch: Epoch }),
])

/** Claims, and the halves that an account leaves. */
export const claimCalls = {
  claim: {
    on: 'POST /latchkey/v1/claims',
    topic: 'Claims',
    summary: 'Claim a device',
    about:
      'Brings the other half of what the device or its maker left: a secret, a shared id, the device’s own credential, or a code. ' +
      'To a stranger every refusal reads the same; the `Location` leads to what may be known of it.',
    by: 'user',
    answers: {
      200: {
        is: 'Your home owns it already, by this very claim',
        body: Claimed,
        hasLocation: true,
      },
      201: { is: 'Yours now', body: Claimed, hasLocation: true },
      202: { is: 'Waits for the device', body: Waiting, hasLocation: true },
    },
    problems: [403, 409, 429],
  },
  readClaim: {
    on: 'GET /latchkey/v1/claims/:id',
    topic: 'Claims',
    summary: 'What became of a claim',
    about: 'With `waitMs` (up to 60000) it is answered when that has changed.',
    by: 'user',
    answers: { 200: { is: 'The claim', body: Claim } },
    problems: [404],
  },
  explainClaim: {
    on: 'GET /latchkey/v1/claims/:id/explain',
    topic: 'Claims',
    summary: 'Why, and what to do next',
    by: 'user',
    answers: { 200: { is: 'As much as the caller may know', body: Explanation } },
    problems: [404],
  },
  makeClaimCode: {
    on: 'POST /latchkey/v1/claim-codes',
    topic: 'Claims',
    summary: 'Make a code that a device brings',
    by: 'user',
    answers: {
      201: {
        is: 'Made; the claim waits at `Location`',
        body: exactly({ code: Shown, expiresAt: Time, deviceIds: Type.Array(Id) }),
        hasLocation: true,
      },
    },
    problems: [403, 404, 429],
  },
  readClaimCode: {
    on: 'GET /latchkey/v1/claim-codes/*',
    rest: 'code',
    topic: 'Claims',
    summary: 'Whether a code was used, by which device, or why not',
    by: 'user',
    answers: {
      200: {
        is: 'Of a code of your own',
        body: exactly({
          state: oneOf(['open', 'used', 'expired']),
          expiresAt: Time,
          device: optional(Id),
          usedAt: optional(Time),
          reason: optional(ReasonWord),
          refusedAt: optional(Time),
        }),
      },
    },
    problems: [404],
  },
  makeProvisioningToken: {
    on: 'POST /latchkey/v1/provisioning-tokens',
    topic: 'Claims',
    summary: 'Make a token by which a new device comes into being for a home',
    by: 'user',
    answers: { 201: { is: 'Made', body: exactly({ token: Shown, expiresAt: Time }) } },
    problems: [403, 429],
  },
  readTransfer: {
    on: 'GET /latchkey/v1/transfers/:id',
    topic: 'Claims',
    summary: 'What has become of a device that was asked for',
    about:
      'For who has asked, and for its owner. `over`: it has changed hands before it was answered.',
    by: 'user',
    answers: {
      200: {
        is: 'As it is now',
        body: exactly({
          id: Id,
          state: oneOf(['open', 'approved', 'denied', 'expired', 'over']),
          device: Id,
          expiresAt: Time,
          answeredAt: optional(Time),
        }),
      },
    },
    problems: [404],
  },
  approveTransfer: {
    on: 'POST /latchkey/v1/transfers/:id/approve',
    topic: 'Claims',
    summary: 'Give a device to who has asked for it',
    by: 'user',
    answers: { 200: { is: 'Answered', body: Transferred } },
    problems: [404, 409],
  },
  denyTransfer: {
    on: 'POST /latchkey/v1/transfers/:id/deny',
    topic: 'Claims',
    summary: 'Keep a device that somebody has asked for',
    by: 'user',
    answers: { 200: { is: 'Answered', body: Transferred } },
    problems: [404, 409],
  },
  answerTransfer: {
    on: 'POST /latchkey/v1/transfer-answers',
    topic: 'Claims',
    summary: 'Answer by the token of the mail',
    by: 'anyone',
    answers: { 200: { is: 'Answered', body: Transferred } },
    problems: [404, 409],
  },
} as const satisfies Calls
