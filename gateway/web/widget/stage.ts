import { make } from './dom.ts'
import type { Draft } from './draft.ts'
import type { Settings } from './settings.ts'
import css from './style.css'
import { type Acts, type FormStep, formView } from './view/form.ts'
import {
  cameraView,
  claimedView,
  type DoneStep,
  type WaitingStep,
  waitingView,
} from './view/steps.ts'
import type { Words } from './words.ts'

/** What is shown. */
export type Step =
  | FormStep
  | DoneStep
  | { readonly kind: 'camera'; readonly video: HTMLVideoElement }
  | WaitingStep

/** What a step is shown with. */
export type Scene = { readonly draft: Draft; readonly settings: Settings; readonly acts: Acts }

let sheet: CSSStyleSheet | undefined

/** One style sheet for all elements of a page; adopted, so that a strict Content-Security-Policy allows it. */
const sharedSheet = (): CSSStyleSheet => {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
  }
  return sheet
}

const contentOf = (step: Step, { draft, settings, acts }: Scene): readonly HTMLElement[] => {
  switch (step.kind) {
    case 'form':
      return formView(step, draft, settings, acts)
    case 'camera':
      return [cameraView(step.video, settings, acts)]
    case 'waiting':
      return [waitingView(step, settings, acts)]
    case 'claimed':
      return [claimedView(step, settings, acts)]
  }
}

const headingOf = (step: Step, { heading }: Words): readonly HTMLElement[] =>
  step.kind === 'form' && heading !== ''
    ? [make('h2', { part: 'heading', class: 'heading' }, heading)]
    : []

/** The heading of a step, which a screen reader is to say; a form has none. */
const titleIn = (panel: Element) => panel.querySelector<HTMLElement>('.title')

/** Shows steps in a shadow root, and keeps the keyboard's and the screen reader's place. */
export const createStage = (root: ShadowRoot) => {
  const panel = make('section', { part: 'panel' })
  // It is there before it is filled: only so a change of it is said.
  const voice = make('p', { class: 'unseen', role: 'status' })
  root.adoptedStyleSheets = [sharedSheet()]
  root.append(panel, voice)

  /** The same place as before, else where the new step begins. */
  const focusAfter = (former: Element): void => {
    const { id } = former
    const part = former.getAttribute('part')
    const same =
      id === '' ? part && panel.querySelector(`[part="${part}"]`) : root.getElementById(id)
    const start = titleIn(panel) ?? panel.querySelector('[part=scan-button], [part=input]')
    const place = same || start
    if (place instanceof HTMLElement) place.focus()
  }

  const show = (step: Step, scene: Scene): void => {
    const { words } = scene.settings
    const former = root.activeElement
    panel.lang = words.lang
    panel.setAttribute('aria-label', words.heading || words.button)
    panel.className = `panel ${step.kind}`
    panel.replaceChildren(...headingOf(step, words), ...contentOf(step, scene))
    if (former !== null) focusAfter(former)
    else voice.textContent = titleIn(panel)?.textContent ?? ''
  }

  /** Moves the keyboard to the field or button of that id or part. */
  const focus = (name: string): void => {
    const place = root.getElementById(name) ?? panel.querySelector(`[part=${name}]`)
    if (place instanceof HTMLElement) place.focus()
  }

  return { show, focus }
}

export type Stage = ReturnType<typeof createStage>
