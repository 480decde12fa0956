/** The texts of the page around the element. */
export type PageWords = {
  readonly lang: string
  readonly title: string
  readonly lead: string
  readonly steps: readonly (readonly [string, string])[]
  readonly other: { readonly lang: string; readonly name: string }
  readonly signIn: string
  readonly signInFor: (subject: string) => string
  readonly signInText: string
  readonly signUp: string
  readonly signUpText: string
  readonly email: string
  readonly password: string
  readonly passwordHint: string
  readonly show: string
  readonly hide: string
  readonly forgotten: string
  readonly toSignUp: string
  readonly toSignIn: string
  readonly signOut: string
  readonly sending: string
  readonly emailRequired: string
  readonly emailWrong: string
  readonly passwordRequired: string
  readonly passwordShort: string
  readonly wrong: readonly [string, string]
  readonly held: readonly [string, string]
  readonly unreachable: readonly [string, string]
  readonly taken: readonly [string, string]
  readonly closed: readonly [string, string]
  readonly over: readonly [string, string]
}

const en: PageWords = {
  lang: 'en',
  title: 'Make it yours',
  lead: 'Claim the device in your hands. From then on it listens to you, and to nobody else.',
  steps: [
    ['Scan or type', 'The code is on the device, on its screen or in its box.'],
    ['Confirm', 'Nothing happens before you say so.'],
    ['Yours', 'Your apps see it and can use it at once.'],
  ],
  other: { lang: 'de', name: 'Deutsch' },
  signIn: 'Sign in',
  signInFor: (subject) => `Sign in to claim ${subject}.`,
  signInText: 'Sign in to claim your device.',
  signUp: 'Create an account',
  signUpText: 'Your devices will belong to it.',
  email: 'E-mail address',
  password: 'Password',
  passwordHint: 'At least 8 characters.',
  show: 'Show password',
  hide: 'Hide password',
  forgotten: 'Forgot your password?',
  toSignUp: 'New here? Create an account',
  toSignIn: 'I have an account already',
  signOut: 'Sign out',
  sending: 'One moment…',
  emailRequired: 'An e-mail address is required',
  emailWrong: 'This is not an e-mail address',
  passwordRequired: 'A password is required',
  passwordShort: 'The password needs at least 8 characters',
  wrong: ['That did not work', 'The e-mail address or the password is wrong.'],
  held: ['Too many wrong tries', 'To keep accounts safe, there is a pause now.'],
  unreachable: ['The service cannot be reached', 'Check your connection, then try again.'],
  taken: ['There is such an account already', 'Sign in, or use another e-mail address.'],
  closed: ['No new accounts here', 'Ask the maker of your device for one.'],
  over: ['Your session is over', 'Sign in again. What you have typed is still there.'],
}

const de: PageWords = {
  lang: 'de',
  title: 'Machen Sie es zu Ihrem',
  lead: 'Übernehmen Sie das Gerät in Ihrer Hand. Von da an hört es auf Sie, und auf niemanden sonst.',
  steps: [
    [
      'Scannen oder tippen',
      'Der Code steht am Gerät, auf seinem Bildschirm oder in der Schachtel.',
    ],
    ['Bestätigen', 'Nichts geschieht, bevor Sie es sagen.'],
    ['Ihres', 'Ihre Apps sehen es und können es sofort verwenden.'],
  ],
  other: { lang: 'en', name: 'English' },
  signIn: 'Anmelden',
  signInFor: (subject) => `Melden Sie sich an, um ${subject} zu übernehmen.`,
  signInText: 'Melden Sie sich an, um Ihr Gerät zu übernehmen.',
  signUp: 'Konto anlegen',
  signUpText: 'Ihm werden Ihre Geräte gehören.',
  email: 'E-Mail-Adresse',
  password: 'Passwort',
  passwordHint: 'Mindestens 8 Zeichen.',
  show: 'Passwort anzeigen',
  hide: 'Passwort verbergen',
  forgotten: 'Passwort vergessen?',
  toSignUp: 'Neu hier? Konto anlegen',
  toSignIn: 'Ich habe schon ein Konto',
  signOut: 'Abmelden',
  sending: 'Einen Moment …',
  emailRequired: 'Die E-Mail-Adresse fehlt',
  emailWrong: 'Das ist keine E-Mail-Adresse',
  passwordRequired: 'Das Passwort fehlt',
  passwordShort: 'Das Passwort braucht mindestens 8 Zeichen',
  wrong: ['Das hat nicht geklappt', 'E-Mail-Adresse oder Passwort sind falsch.'],
  held: ['Zu viele falsche Versuche', 'Zum Schutz der Konten ist jetzt eine Pause.'],
  unreachable: [
    'Der Dienst ist nicht erreichbar',
    'Prüfen Sie Ihre Verbindung, dann versuchen Sie es noch einmal.',
  ],
  taken: [
    'Dieses Konto gibt es schon',
    'Melden Sie sich an, oder verwenden Sie eine andere Adresse.',
  ],
  closed: ['Hier gibt es keine neuen Konten', 'Fragen Sie den Hersteller Ihres Geräts.'],
  over: [
    'Ihre Sitzung ist zu Ende',
    'Melden Sie sich noch einmal an. Was Sie getippt haben, ist noch da.',
  ],
}

const LANGUAGES: readonly PageWords[] = [en, de]

/** The words of the first language that we speak, by BCP 47 tags; else English. */
export const pageWordsIn = (tags: readonly string[]): PageWords =>
  tags
    .map((tag) => LANGUAGES.find(({ lang }) => lang === tag.toLowerCase().split('-')[0]))
    .find((words) => words !== undefined) ?? en
