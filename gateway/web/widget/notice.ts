import type { NotRead } from './camera.ts'
import type { Reading } from './label.ts'
import type { Answer } from './server.ts'
import type { Saying, Words } from './words.ts'

/** Something to tell above the button. `until`: nothing can be done before that time. */
export type Notice = Saying & { readonly tone: 'bad' | 'good'; readonly until?: number }

/** A notice in whatever language is shown. */
export type Telling = (words: Words) => Notice

/** What has a step of its own. */
type Shown = 'claimed' | 'already-yours' | 'waiting'
type Refusal = Answer & { readonly kind: Exclude<Answer['kind'], Shown> }

const bad = (saying: Saying): Notice => ({ ...saying, tone: 'bad' })

const refusedSaying = (answer: Answer & { readonly kind: 'refused' }, words: Words): Saying => {
  const { reason, title, text } = answer
  if (reason === 'device-unknown') return { title: words.notFound, text: words.notFoundText }
  if (reason === 'not-permitted') return { title: words.failed, text: words.failedText }
  const saying = words.reasons[reason]
  if (saying !== undefined) return saying
  return { title: title ?? words.failed, text: text ?? words.failedText }
}

/** Why a claim did not succeed, in people's words. */
export const noticeOfAnswer =
  (answer: Refusal): Telling =>
  (words) => {
    switch (answer.kind) {
      case 'held':
        return { ...bad(words.held), until: answer.until }
      case 'mistyped':
        return bad(words.mistyped)
      case 'signed-out':
        return bad(words.signedOut)
      case 'unreachable':
        return bad(words.unreachable)
      case 'refused':
        return bad(refusedSaying(answer, words))
    }
  }

/** Why a QR code could not be read. `undefined`: nothing to tell. */
export const noticeOfNotRead = (not: NotRead): Telling | undefined => {
  switch (not) {
    case 'no-camera':
      return ({ noCamera }) => bad(noCamera)
    case 'no-permission':
      return ({ noPermission }) => bad(noPermission)
    case 'no-code':
      return ({ noCode }) => bad(noCode)
    case 'stopped':
      return undefined
  }
}

/** What a QR code turned out to be. */
export const noticeOfReading =
  (reading: Reading): Telling =>
  (words) => {
    switch (reading.kind) {
      case 'label':
        return { ...words.read, tone: 'good' }
      case 'elsewhere':
        return bad(words.elsewhere(reading.host))
      case 'nothing':
        return bad(words.notOurs)
    }
  }
