import type { Saying } from './words.ts'

/** What the reasons of CONTRACT 5 say, and what to do. */
export const reasons: Readonly<Record<string, Saying>> = {
  'no-window': [
    'Kein Fenster offen, kein Schachtelschlüssel',
    'Das Gerät muss ein Fenster öffnen (Taste drücken, neu starten).',
  ],
  'window-expired': [
    'Das Geheimnis stimmt, die Zeit ist um',
    'Das Gerät ein neues Fenster öffnen lassen und rechtzeitig übernehmen.',
  ],
  'wrong-secret': [
    'Falsches Geheimnis',
    'Noch einmal vom Gerät oder der Schachtel lesen; Groß, klein und Leerzeichen zählen.',
  ],
  'secret-required': [
    'Es fehlt ein Geheimnis',
    'Das nennen, das am Gerät oder in der Schachtel steht.',
  ],
  'claiming-not-allowed': [
    'Der Hersteller erlaubt es nicht',
    'Am Gerät erlauben, oder in den Regeln des Projekts.',
  ],
  'already-yours': ['Es gehört schon diesem Haushalt', 'Nichts zu tun.'],
  'owned-by-another': ['Es gehört jemand anderem', 'Den jetzigen Besitzer bitten, es freizugeben.'],
  'code-unknown': ['Diesen Code gibt es nicht', 'Einen neuen Code anlegen und dem Gerät geben.'],
  'code-expired': ['Der Code ist zu alt', 'Einen neuen Code anlegen und dem Gerät geben.'],
  'code-used': ['Der Code ist verbraucht', 'Für jedes Gerät einen neuen Code anlegen.'],
  'token-unknown': ['Dieses Token gibt es nicht', 'Ein neues Token anlegen.'],
  'token-expired': ['Das Token ist zu alt', 'Ein neues Token anlegen.'],
  'token-used': ['Das Token ist verbraucht', 'Für jedes neue Gerät ein Token anlegen.'],
  'link-contested': [
    'Zwei warten auf dieselbe Link-Id',
    'Eine andere Link-Id wählen, auf die sonst niemand kommt.',
  ],
  'link-expired': ['Die andere Hälfte kam nicht rechtzeitig', 'Auf beiden Seiten neu beginnen.'],
  'device-unknown': ['Ein solches Gerät gibt es im Projekt nicht', 'Den Namen prüfen.'],
  'device-not-in-project': [
    'Das Gerät gehört zu einem anderen Projekt',
    'Ein Konto des Projekts verwenden, für das es gemacht ist.',
  ],
  'not-a-member': [
    'Kein Mitglied dieses Haushalts',
    'Einen eigenen Haushalt nehmen, oder sich einladen lassen.',
  ],
  'not-permitted': [
    'Mit diesen Angaben nicht möglich',
    'Name, Geheimnis und die Rechte des Kontos prüfen.',
  ],
  'gateway-not-entitled': [
    'Für dieses Gerät darf das Gateway nicht sprechen',
    'Das Gerät über dieses Gateway verbinden.',
  ],
  'too-many-attempts': ['Zu viele falsche Versuche', 'Warten; danach noch einmal versuchen.'],
  'bad-request': [
    'Die Nachricht hat nicht die vereinbarte Form',
    'Die beschriebenen Angaben senden, und keine anderen.',
  ],
  'epoch-changed': [
    'Das Gerät hat inzwischen den Besitzer gewechselt',
    'Das Gerät noch einmal ansehen.',
  ],
  'provisioning-closed': [
    'So nimmt das Projekt keine neuen Geräte an',
    'Der Hersteller legt das Gerät an.',
  ],
  'name-taken': ['Der Name ist vergeben', 'Einen anderen Namen wählen.'],
}
