/** What happened, and what to do about it. */
export type Saying = { readonly title: string; readonly text: string }

/** What a letter asks, and how one answers. */
export type Asking = Saying & {
  /** Beside the card, in large letters. */
  readonly heading: string
  readonly lead: string
  readonly action: string
  readonly done: Saying
}

/** The texts of the pages behind our letters, beside those of the claim page. */
export type LetterWords = {
  readonly looking: string
  readonly from: (project: string) => string
  readonly claim: string
  readonly again: string
  readonly askAnew: string
  readonly newPassword: string
  readonly name: string
  readonly nameHint: string
  /** For somebody who is invited and has an account in use. */
  readonly member: string
  readonly deny: string
  readonly denied: Saying
  readonly asking: Readonly<
    Record<'verify-email' | 'reset-password' | 'member-invite' | 'transfer' | 'forgotten', Asking>
  >
  readonly failures: Readonly<
    Record<'gone' | 'too-old' | 'answered' | 'unreachable' | 'no-token', Saying>
  >
}
