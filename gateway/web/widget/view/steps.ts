import { countdown } from '../countdown.ts'
import { make } from '../dom.ts'
import { checkMark } from '../icons.ts'
import type { Settings } from '../settings.ts'
import type { Acts } from './form.ts'
import { quiet } from './quiet.ts'

const title = (text: string) =>
  make('h2', { tabindex: '-1', part: 'step-title', class: 'title' }, text)
const paragraph = (text: string) => make('p', { part: 'step-text' }, text)

/** The camera with a frame to hold the code into. */
export const cameraView = (video: HTMLVideoElement, { words }: Settings, acts: Acts): HTMLElement =>
  make(
    'div',
    { class: 'step camera' },
    title(words.camera),
    make('div', { class: 'finder', part: 'camera' }, video, make('div', { class: 'frame' })),
    quiet(words.cameraClose, 'again-button', acts.close),
  )

export type WaitingStep = {
  readonly kind: 'waiting'
  readonly until: number
  /** What the device has to bring: a shared id, or a code, which is not shown. */
  readonly linkId: string | undefined
}

/** The other half has not come yet. */
export const waitingView = (
  { until, linkId }: WaitingStep,
  { words }: Settings,
  acts: Acts,
): HTMLElement =>
  make(
    'div',
    { class: 'step', part: 'waiting' },
    make('div', { class: 'pulse', 'aria-hidden': 'true' }, make('span'), make('span')),
    title(words.waiting),
    linkId === undefined ? undefined : make('p', { class: 'subject', part: 'subject' }, linkId),
    paragraph(linkId === undefined ? words.waitingText.code : words.waitingText.link),
    make('p', { class: 'left' }, make('span', {}, words.left), countdown(until)),
    quiet(words.stop, 'again-button', acts.again),
  )

export type DoneStep = {
  readonly kind: 'claimed'
  /** Claimed by this very claim, not before. */
  readonly isNew: boolean
  readonly name?: string | undefined
  /** What the app wanted to do afterwards has failed. */
  readonly isUnfinished?: boolean
}

/** The device is the account's. */
export const claimedView = (step: DoneStep, { words }: Settings, acts: Acts): HTMLElement =>
  make(
    'div',
    { class: 'step', part: 'claimed' },
    checkMark(),
    title(step.isNew ? words.success : words.alreadyYours.title),
    paragraph(step.isNew ? words.successText(step.name) : words.alreadyYours.text),
    step.isUnfinished
      ? make('p', { class: 'wrong', part: 'error', role: 'alert' }, words.unfinished)
      : undefined,
    quiet(words.another, 'again-button', acts.again),
  )
