import type { Words } from './words.ts'

export const de: Words = {
  lang: 'de',
  heading: 'Gerät übernehmen',
  intro: 'Scannen Sie den Code am Gerät, oder tippen Sie ab, was daneben steht.',
  scan: 'Code scannen',
  picture: 'Bild wählen',
  or: 'oder',
  wayLegend: 'Was haben Sie?',
  ways: { device: 'Name und Schlüssel', link: 'Gemeinsame ID', code: 'Code' },
  device: 'Gerätename',
  secret: 'Geheimer Schlüssel',
  showSecret: 'Schlüssel anzeigen',
  hideSecret: 'Schlüssel verbergen',
  link: 'Gemeinsame ID',
  linkHint: 'Ein beliebiges Wort, das Sie auch dem Gerät geben. Daran erkennen Sie einander.',
  code: 'Code',
  codeHint: 'Der Code, den Sie für das Gerät erzeugt haben und den es mitbringt.',
  button: 'Gerät übernehmen',
  sending: 'Einen Moment …',
  deviceRequired: 'Der Gerätename fehlt',
  secretRequired: 'Der geheime Schlüssel fehlt',
  linkRequired: 'Die gemeinsame ID fehlt',
  codeRequired: 'Der Code fehlt',
  success: 'Das Gerät gehört Ihnen',
  successText: (name) =>
    name === undefined ? 'Sie können es sofort verwenden.' : `Sie können ${name} sofort verwenden.`,
  unfinished:
    'Ein letzter Schritt ist misslungen: Die App konnte das Gerät nicht einrichten. Versuchen Sie das dort noch einmal.',
  alreadyYours: {
    title: 'Gehört Ihnen schon',
    text: 'Sie haben dieses Gerät bereits übernommen.',
  },
  another: 'Noch ein Gerät übernehmen',
  notFound: 'Gerät nicht gefunden',
  notFoundText: 'Prüfen Sie den Namen: Jedes Zeichen zählt.',
  failed: 'Das hat nicht geklappt',
  failedText: 'Prüfen Sie Namen und Schlüssel, und ob das Gerät zum Übernehmen bereit ist.',
  waiting: 'Warten auf das Gerät',
  waitingText: {
    link: 'Schalten Sie es ein und geben Sie ihm diese ID. Sobald es antwortet, erscheint ein Haken.',
    code: 'Schalten Sie es ein und geben Sie ihm den Code. Sobald es antwortet, erscheint ein Haken.',
  },
  left: 'Verbleibende Zeit',
  stop: 'Von vorn beginnen',
  signedOut: {
    title: 'Nicht angemeldet',
    text: 'Melden Sie sich an, dann können Sie das Gerät übernehmen.',
  },
  mistyped: {
    title: 'Ein Tippfehler',
    text: 'Ein Zeichen des Schlüssels ist nicht wie gedruckt. Lesen Sie ihn noch einmal ab; als Versuch zählt das nicht.',
  },
  held: {
    title: 'Zu viele falsche Versuche',
    text: 'Zum Schutz der Geräte ist jetzt eine Pause, auch für richtige Schlüssel.',
  },
  unreachable: {
    title: 'Der Dienst ist nicht erreichbar',
    text: 'Prüfen Sie Ihre Verbindung, dann versuchen Sie es noch einmal.',
  },
  camera: 'Halten Sie den QR-Code in den Rahmen',
  cameraClose: 'Kamera schließen',
  noCamera: {
    title: 'Keine Kamera gefunden',
    text: 'Verwenden Sie ein Bild des Codes, oder tippen Sie ab, was gedruckt ist.',
  },
  noPermission: {
    title: 'Die Kamera ist nicht erlaubt',
    text: 'Erlauben Sie sie im Browser, verwenden Sie ein Bild, oder tippen Sie den Code ab.',
  },
  noCode: {
    title: 'Kein QR-Code gefunden',
    text: 'Nehmen Sie das Bild näher auf, gerade und bei gutem Licht.',
  },
  notOurs: {
    title: 'Nicht der Code eines Geräts',
    text: 'Dieser QR-Code sagt etwas anderes. Suchen Sie einen anderen am Gerät.',
  },
  elsewhere: (host) => ({
    title: 'Ein Code für einen anderen Dienst',
    text: `Er gehört zu ${host}: Öffnen Sie ihn dort, mit der Kamera Ihres Telefons.`,
  }),
  read: { title: 'Code gelesen', text: 'Noch einmal tippen, und das Gerät gehört Ihnen.' },
  instead: 'Etwas anderes verwenden',
  reasons: {
    'no-window': {
      title: 'Das Gerät ist nicht bereit',
      text: 'Drücken Sie seine Taste oder starten Sie es neu, dann versuchen Sie es noch einmal.',
    },
    'window-expired': {
      title: 'Die Zeit ist um',
      text: 'Der Schlüssel stimmt, kam aber zu spät. Drücken Sie die Taste am Gerät noch einmal.',
    },
    'wrong-secret': {
      title: 'Falscher Schlüssel',
      text: 'Lesen Sie ihn noch einmal ab. Großbuchstaben und Leerzeichen zählen.',
    },
    'secret-required': {
      title: 'Der geheime Schlüssel fehlt',
      text: 'Das Gerät zeigt ihn, oder er lag in der Schachtel.',
    },
    'claiming-not-allowed': {
      title: 'Dieses Gerät kann nicht übernommen werden',
      text: 'Der Hersteller erlaubt es nicht. Fragen Sie dort, wo Sie es gekauft haben.',
    },
    'owned-by-another': {
      title: 'Es gehört jemand anderem',
      text: 'Bitten Sie den jetzigen Besitzer, es freizugeben, dann versuchen Sie es noch einmal.',
    },
    'device-not-in-project': {
      title: 'Das Gerät eines anderen Herstellers',
      text: 'Verwenden Sie die App oder die Seite des Herstellers dieses Geräts.',
    },
    'link-contested': {
      title: 'Diese ID ist vergeben',
      text: 'Jemand anderes verwendet dieselbe, darum wurde nichts übernommen. Wählen Sie auf beiden Seiten eine andere.',
    },
    'link-expired': {
      title: 'Das Gerät hat nicht rechtzeitig geantwortet',
      text: 'Beginnen Sie auf beiden Seiten von vorn.',
    },
    'code-unknown': { title: 'Unbekannter Code', text: 'Lesen Sie ihn noch einmal ab.' },
    'code-expired': { title: 'Der Code ist zu alt', text: 'Erzeugen Sie einen neuen.' },
    'code-used': { title: 'Der Code ist verbraucht', text: 'Jedes Gerät braucht einen neuen.' },
    'bad-request': {
      title: 'Etwas ist nicht wie gedruckt',
      text: 'Es ist zu lang oder hat Zeichen, die nicht dazugehören. Lesen Sie es noch einmal ab.',
    },
    'not-a-member': {
      title: 'Nicht Ihr Zuhause',
      text: 'Wählen Sie ein Zuhause, zu dem Sie gehören.',
    },
  },
}
