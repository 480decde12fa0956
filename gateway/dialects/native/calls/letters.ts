import { Type } from 'typebox'
import type { Calls } from '../../../description/call.ts'
import { exactly, oneOf, optional, Text } from './shapes.ts'

const About = exactly({
  kind: oneOf(['verify-email', 'reset-password', 'member-invite', 'transfer']),
  project: Type.String({ description: 'Its name' }),
  choosesPassword: Type.Boolean({ description: 'Whether the answer takes a password' }),
  device: optional(Text),
})

/** What the letters of a mailbox are good for. Their pages make these calls; an app of one's own may. */
export const letterCalls = {
  askForPassword: {
    on: 'POST /latchkey/v1/password-resets',
    topic: 'Letters',
    summary: 'Ask for a letter by which a new password can be set',
    about:
      'Answered in the same way whether there is such an account or not. An address gets so many letters in an hour and no more.',
    by: 'anyone',
    answers: { 202: { is: 'If there is such an account, a letter is on its way' } },
  },
  readLetter: {
    on: 'POST /latchkey/v1/letter-tokens',
    topic: 'Letters',
    summary: 'What the token of a letter is good for',
    about: 'It is not used up by this.',
    by: 'anyone',
    answers: { 200: { is: 'Still good', body: About } },
  },
  verifyEmail: {
    on: 'POST /latchkey/v1/email-verifications',
    topic: 'Letters',
    summary: 'Show by the token of a letter that an e-mail address is yours',
    by: 'anyone',
    answers: { 204: { is: 'Verified' } },
  },
  setPassword: {
    on: 'POST /latchkey/v1/passwords',
    topic: 'Letters',
    summary: 'Set a new password by the token of a letter',
    about: 'Every session of the account ends, in every dialect and on every node.',
    by: 'anyone',
    answers: { 204: { is: 'Set' } },
  },
  acceptInvitation: {
    on: 'POST /latchkey/v1/invitation-answers',
    topic: 'Letters',
    summary: 'Accept an invitation by the token of its letter',
    about:
      'An account that was made for the invitation gets its password here, and a name if one is given.',
    by: 'anyone',
    answers: { 204: { is: 'Accepted' } },
  },
} as const satisfies Calls
