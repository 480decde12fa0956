import { emailFault, emailInput, inputOf, passwordFault, passwordInput } from '../page/input.ts'
import { claimPath } from '../page/paths.ts'
import type { PageWords } from '../page/words.ts'
import { hearing, make } from '../widget/dom.ts'
import { icon } from '../widget/icons.ts'
import { noticeView } from '../widget/view/notice.ts'
import { type Action, type Field, formView } from './form.ts'
import { answer, askForReset, type Failure, type Given, type Letter } from './server.ts'
import type { Step } from './steps.ts'
import type { LetterWords, Saying } from './words.ts'

/** What the views need. `draft` outlives a change of language. */
export type Room = {
  readonly page: PageWords
  readonly words: LetterWords
  readonly draft: { email: string; name: string }
  /** The project whose accounts are meant, where no letter says it. */
  readonly project: string | undefined
  /** Whether a new letter can be asked for on this page. */
  readonly mayAskAnew: boolean
  readonly go: (step: Step) => void
  readonly look: () => void
}

type View = readonly HTMLElement[]

/** The project of accounts that name none when they sign in. */
const DEFAULT_PROJECT = 'default'

const title = (text: string) => make('h2', { tabindex: '-1' }, text)
const intro = (text: string) => make('p', { class: 'intro' }, text)

/** Goes on after a call: a failure that can be mended by trying again stays where one is. */
const settled = (failure: Failure | undefined, done: Step, go: Room['go']) => {
  if (failure === 'unreachable') return failure
  go(failure === undefined ? done : { kind: 'failed', failure })
  return undefined
}

/** Asks for the address that a letter is sent to. */
export const forgottenView = ({ page, words, draft, project, go }: Room): View => {
  const email = emailInput(page, draft.email)
  hearing(email.input, {
    input: () => {
      draft.email = email.input.value
    },
  })
  const { title: question, text, action } = words.asking.forgotten
  const fault = (value: string) => emailFault(value, page)
  const act = async () =>
    settled(await askForReset(draft.email.trim(), project), { kind: 'done', of: 'forgotten' }, go)
  const fields = [{ input: email, fault }]
  const form = formView({ words: page, fields, actions: [{ label: action, act }] })
  return [title(question), intro(text), form]
}

const nameField = ({ words, draft }: Room): Field => {
  const name = inputOf({
    ...{ name: 'name', type: 'text', autocomplete: 'name', label: words.name },
    ...{ value: draft.name, hint: words.nameHint, isOptional: true },
  })
  hearing(name.input, {
    input: () => {
      draft.name = name.input.value
    },
  })
  return { input: name, fault: () => undefined }
}

/** What a letter asks: a tap, a password, or yes or no. */
export const openView = (room: Room, letter: Letter): View => {
  const { page, words, draft, go } = room
  const { kind, project, device, choosesPassword } = letter
  const asking = words.asking[kind]
  const isInvitation = kind === 'member-invite'
  const password = passwordInput(page, true, isInvitation ? page.password : words.newPassword)
  const secret = { input: password, fault: (value: string) => passwordFault(value, true, page) }
  const fields = [...(choosesPassword && isInvitation ? [nameField(room)] : []), secret]

  const given = (): Given => {
    const name = draft.name.trim()
    return {
      ...(choosesPassword ? { password: password.input.value } : {}),
      ...(choosesPassword && isInvitation && name !== '' ? { name } : {}),
    }
  }
  const yes: Action = {
    label: asking.action,
    act: async () => {
      const all = kind === 'transfer' ? { approve: true } : given()
      return settled(await answer(letter, all), { kind: 'done', of: kind, project }, go)
    },
  }
  const no: Action = {
    label: words.deny,
    act: async () =>
      settled(await answer(letter, { approve: false }), { kind: 'done', of: 'denied' }, go),
  }
  const text = isInvitation && !choosesPassword ? words.member : asking.text
  return [
    title(asking.title),
    ...(device === undefined ? [] : [make('p', { class: 'subject', dir: 'auto' }, device)]),
    intro(text),
    ...(project === DEFAULT_PROJECT ? [] : [intro(words.from(project))]),
    formView({
      words: page,
      fields: choosesPassword ? fields : [],
      actions: kind === 'transfer' ? [yes, no] : [yes],
    }),
  ]
}

const sayingOf = ({ words }: Room, of: (Step & { kind: 'done' })['of']): Saying =>
  of === 'denied' ? words.denied : words.asking[of].done

/** It is done; who has an account goes on to the claim page. */
export const doneView = (room: Room, { of, project }: Step & { kind: 'done' }): View => {
  const saying = sayingOf(room, of)
  const isSignIn = of === 'verify-email' || of === 'reset-password' || of === 'member-invite'
  const href = claimPath(project === DEFAULT_PROJECT ? undefined : project)
  const sign = icon('good')
  sign.classList.add('sign')
  return [
    make('div', {}, sign),
    title(saying.title),
    intro(saying.text),
    ...(isSignIn ? [make('a', { class: 'link', href }, room.words.claim)] : []),
  ]
}

/** Why the letter is good for nothing, and what can be done. */
export const failedView = (room: Room, failure: (Step & { kind: 'failed' })['failure']): View => {
  const { words, mayAskAnew, go, look } = room
  const notice = noticeView({ ...words.failures[failure], tone: 'bad' }, () => undefined)
  const button = (text: string, click: () => void) =>
    hearing(make('button', { type: 'button', class: 'quiet wide' }, text), { click })
  if (failure === 'unreachable') return [notice, button(words.again, look)]
  return mayAskAnew ? [notice, button(words.askAnew, () => go({ kind: 'forgotten' }))] : [notice]
}
