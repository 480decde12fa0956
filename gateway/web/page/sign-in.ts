import { hearing, make } from '../widget/dom.ts'
import type { Notice } from '../widget/notice.ts'
import { noticeView } from '../widget/view/notice.ts'
import { emailFault, emailInput, passwordFault, passwordInput } from './input.ts'
import type { Session, SignInAnswer } from './session.ts'
import type { PageWords } from './words.ts'

/** What the form is to be. `draft` outlives a change of language. */
export type SignInOptions = {
  readonly words: PageWords
  readonly session: Session
  readonly subject: string | undefined
  readonly draft: { email: string; isNew: boolean }
  readonly maySignUp: boolean
  /** Where who has forgotten his password asks for a letter. */
  readonly forgotten: string
  readonly notice?: Notice | undefined
  readonly onIn: () => void
  /** Show it again: the kind of form has changed. */
  readonly again: (notice?: Notice) => void
}

type Failure = Exclude<SignInAnswer, { readonly kind: 'in' }>

const noticeOf = (answer: Failure, words: PageWords): Notice => {
  const [title, text] = words[answer.kind]
  return {
    tone: 'bad',
    title,
    text,
    ...(answer.kind === 'held' ? { until: answer.until } : {}),
  }
}

/** Sign in, or where the project allows it make an account. */
export const signInView = (options: SignInOptions): readonly HTMLElement[] => {
  const { words, session, subject, draft, maySignUp, forgotten, onIn, again } = options
  const isNew = draft.isNew && maySignUp
  const email = emailInput(words, draft.email)
  const password = passwordInput(words, isNew)
  hearing(email.input, {
    input: () => {
      draft.email = email.input.value
    },
  })
  const action = isNew ? words.signUp : words.signIn
  const button = make('button', { type: 'submit', class: 'main' }, action)
  const place = make('div', { class: 'place' })

  const ready = () => {
    button.removeAttribute('aria-disabled')
    button.textContent = action
    place.replaceChildren()
  }
  const tell = (notice: Notice) => {
    ready()
    if (notice.until !== undefined) button.setAttribute('aria-disabled', 'true')
    place.replaceChildren(noticeView(notice, ready))
  }

  const submit = async () => {
    const who = { email: email.input.value.trim(), password: password.input.value }
    const faults = [
      { field: email, text: emailFault(who.email, words) },
      { field: password, text: passwordFault(who.password, isNew, words) },
    ]
    for (const { field, text } of faults) field.fault(text)
    const first = faults.find(({ text }) => text !== undefined)
    if (first !== undefined) return first.field.input.focus()
    button.setAttribute('aria-disabled', 'true')
    button.replaceChildren(make('span', { class: 'spinner', 'aria-hidden': 'true' }), words.sending)
    const answer = await (isNew ? session.signUp(who) : session.signIn(who))
    if (answer.kind === 'in') return onIn()
    tell(noticeOf(answer, words))
  }

  const form = hearing(
    make('form', { novalidate: true }, email.field, password.field, place, button),
    {
      submit: (event) => {
        event.preventDefault()
        if (button.getAttribute('aria-disabled') === null) void submit()
      },
    },
  )
  const other = make(
    'button',
    { type: 'button', class: 'link' },
    isNew ? words.toSignIn : words.toSignUp,
  )
  hearing(other, {
    click: () => {
      draft.isNew = !isNew
      again()
    },
  })
  if (options.notice !== undefined) tell(options.notice)
  const signInText = subject === undefined ? words.signInText : words.signInFor(subject)
  return [
    make('h2', {}, action),
    make('p', { class: 'intro' }, isNew ? words.signUpText : signInText),
    form,
    ...(isNew ? [] : [make('a', { class: 'link', href: forgotten }, words.forgotten)]),
    ...(maySignUp ? [other] : []),
  ]
}
