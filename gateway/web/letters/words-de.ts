import type { LetterWords } from './words.ts'

export const de: LetterWords = {
  looking: 'Einen Moment …',
  from: (project) => `Die E-Mail kommt von ${project}.`,
  claim: 'Anmelden und ein Gerät übernehmen',
  again: 'Noch einmal versuchen',
  askAnew: 'Eine neue E-Mail anfordern',
  newPassword: 'Neues Passwort',
  name: 'Ihr Name',
  nameHint: 'Für die anderen in diesem Zuhause. Sie können ihn weglassen.',
  member: 'Ihr Konto bleibt, wie es ist.',
  deny: 'Behalten',
  denied: {
    title: 'Es bleibt Ihres',
    text: 'Wer darum gebeten hat, erfährt, dass Sie es behalten.',
  },
  asking: {
    'verify-email': {
      heading: 'Ihre E-Mail-Adresse',
      lead: 'Einmal tippen, und es steht fest, dass sie Ihnen gehört.',
      title: 'Ist das Ihre Adresse?',
      text: 'Haben Sie die E-Mail nicht erwartet, dann schließen Sie diese Seite: Es geschieht nichts.',
      action: 'Ja, es ist meine',
      done: { title: 'Die Adresse ist bestätigt', text: 'Sie können sich jetzt anmelden.' },
    },
    'reset-password': {
      heading: 'Ein neues Passwort',
      lead: 'Wer jetzt in Ihrem Konto angemeldet ist, wird damit abgemeldet, auf jedem Gerät.',
      title: 'Neues Passwort wählen',
      text: 'Nehmen Sie eines, das Sie sonst nirgends verwenden.',
      action: 'Passwort setzen',
      done: {
        title: 'Das neue Passwort gilt',
        text: 'Melden Sie sich von jetzt an damit an.',
      },
    },
    'member-invite': {
      heading: 'Sie sind eingeladen',
      lead: 'Jemand teilt ein Zuhause und die Geräte darin mit Ihnen.',
      title: 'Einladung annehmen',
      text: 'Wählen Sie ein Passwort für Ihr Konto. Damit melden Sie sich an.',
      action: 'Annehmen',
      done: {
        title: 'Sie gehören dazu',
        text: 'Melden Sie sich an, und die Geräte des Zuhauses sind da.',
      },
    },
    transfer: {
      heading: 'Ihr Gerät, Ihre Entscheidung',
      lead: 'Jemand bittet Sie um ein Gerät. Es bleibt Ihres, bis Sie zustimmen.',
      title: 'Dieses Gerät abgeben?',
      text: 'Wenn Sie zustimmen, hört es sofort auf das andere Konto, und Ihre Apps sehen es nicht mehr.',
      action: 'Abgeben',
      done: { title: 'Abgegeben', text: 'Das Gerät gehört dem, der darum gebeten hat.' },
    },
    forgotten: {
      heading: 'Passwort vergessen?',
      lead: 'Wir schicken Ihnen eine E-Mail, mit der Sie ein neues wählen.',
      title: 'Wohin schicken wir sie?',
      text: 'An die Adresse Ihres Kontos.',
      action: 'E-Mail schicken',
      done: {
        title: 'Sehen Sie in Ihr Postfach',
        text: 'Gibt es ein Konto mit dieser Adresse, dann ist eine E-Mail unterwegs. Sie gilt eine Stunde.',
      },
    },
  },
  failures: {
    gone: {
      title: 'Dieser Link gilt nicht mehr',
      text: 'Er wurde schon benutzt, eine neuere E-Mail hat ihn ersetzt, oder ein Teil von ihm fehlt.',
    },
    'too-old': {
      title: 'Dieser Link ist zu alt',
      text: 'Lassen Sie sich eine neue E-Mail schicken.',
    },
    answered: {
      title: 'Es gibt nichts mehr zu antworten',
      text: 'Es wurde schon geantwortet, oder das Gerät hat den Besitzer gewechselt.',
    },
    unreachable: {
      title: 'Der Dienst ist nicht erreichbar',
      text: 'Prüfen Sie Ihre Verbindung, dann versuchen Sie es noch einmal.',
    },
    'no-token': {
      title: 'Der Link ist nicht vollständig',
      text: 'Öffnen Sie ihn noch einmal aus der E-Mail.',
    },
  },
}
