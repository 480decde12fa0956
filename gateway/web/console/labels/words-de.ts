import type { LabelWords } from './words.ts'

export const de: LabelWords = {
  keys: {
    title: 'Schlüssel',
    new: 'Mit neuen Schachtelschlüsseln',
    none: 'Ohne Schlüssel',
    newText:
      'Ein Schlüssel, den ein Gerät hat, lässt sich nicht noch einmal zeigen: behalten wird nur sein Hashwert. Also bekommt jedes Gerät einen neuen, und der alte gilt nicht mehr.',
    noneText:
      'Nur Name und Code. Wer ihn scannt, tippt den Schlüssel, der anderswo steht oder den das Gerät zeigt.',
    days: 'Wie viele Tage gültig',
    make: 'Schlüssel und Etiketten anlegen',
    makeNone: 'Etiketten anlegen',
    stop: 'Anhalten',
    progress: 'Schlüssel werden angelegt',
    askTitle: (count) =>
      count === 1
        ? 'Einen neuen Schlüssel für 1 Gerät anlegen?'
        : `Neue Schlüssel für ${count} Geräte anlegen?`,
    askText:
      'Etiketten, die schon gedruckt sind, gelten nicht mehr, und die neuen Schlüssel werden nur hier und jetzt gezeigt.',
    ask: 'Schlüssel ersetzen',
    made: (count) => (count === 1 ? '1 Schlüssel angelegt' : `${count} Schlüssel angelegt`),
  },
  refused: {
    title: 'Ohne Etikett',
    device: 'Gerät',
    why: 'Warum',
    owned: 'Es hat einen Besitzer: bis zur Freigabe würde ein Schlüssel nichts öffnen.',
    stopped: 'Angehalten, bevor es an der Reihe war. Sein Schlüssel ist, wie er war.',
    again: 'Diese noch einmal versuchen',
  },
  sheet: {
    title: 'Etiketten',
    once: 'Diese Schlüssel werden nur jetzt gezeigt. Verlassen Sie die Seite erst, wenn die Datei gespeichert ist: niemand kann sie noch einmal lesen.',
    sheet: 'Bogen',
    roll: 'Rolle, ein Etikett pro Seite',
    width: 'Breite in mm',
    height: 'Höhe in mm',
    start: 'Erstes freies Etikett auf dem Bogen',
    content: 'Was der Code sagt',
    link: 'Unser Link',
    thingsboard: 'JSON von ThingsBoard',
    a4: (name, count, width, height) => `${name}: ${count} auf A4, ${width} × ${height} mm`,
    wrongSize: 'Von 8 bis 999,99 mm',
    wrongDays: 'Von 1 bis 3650',
    tooLong: (count) =>
      count === 1
        ? '1 Gerät hat kein Etikett: sein Name ist länger, als ein Code sagen kann.'
        : `${count} Geräte haben kein Etikett: ihre Namen sind länger, als ein Code sagen kann.`,
    wrongStart: (most) => `Von 1 bis ${most}`,
    page: (page, pages) => `Seite ${page} von ${pages}`,
    preview: (page, pages, labels) => `Seite ${page} von ${pages}, mit ${labels} Etiketten`,
    former: 'Seite davor',
    next: 'Nächste Seite',
    pdf: 'Alle als PDF speichern',
    svg: 'Diese Seite als SVG speichern',
    drawing: 'Seiten werden gezeichnet',
    print: 'Ohne Skalierung drucken (100 %).',
    small:
      'Die Punkte dieser Codes sind kleiner als 0,25 mm, schwer zu drucken und zu lesen. Nehmen Sie größere Etiketten.',
    letters: 'Manche Namen haben Buchstaben, die unser PDF nicht zeigen kann; SVG kann es.',
  },
  file: {
    title: 'Datei',
    lead: 'Bringt Geräte in das Projekt, eine Zeile für jedes. Dieselbe Datei noch einmal ändert nichts.',
    file: 'Datei mit Geräten',
    hint: 'CSV mit Kopfzeile, oder NDJSON; in jeder Zeile ein Name. Höchstens 32 MiB und 100 000 Zeilen.',
    keys: 'Einen Schachtelschlüssel für jedes Gerät ohne einen anlegen',
    keysText:
      'Sie werden am Ende gedruckt. Geräte, die schon übernommen waren, bleiben, wie sie sind.',
    send: 'Importieren',
    missing: 'Wählen Sie eine Datei',
    otherKind: 'Der Name der Datei muss mit .csv, .ndjson oder .jsonl enden',
    tooLarge: 'Die Datei ist größer als 32 MiB: senden Sie sie in Teilen',
    empty: 'Die Datei ist leer',
    another: 'Eine andere Datei importieren',
  },
  operation: {
    title: 'Import',
    waiting: 'Wartet',
    running: 'Läuft',
    done: 'Fertig',
    rows: 'Zeilen',
    created: 'Angelegt',
    updated: 'Geändert',
    unchanged: 'Unverändert',
    failed: 'Abgelehnt',
    faults: 'Abgelehnte Zeilen',
    line: 'Zeile',
    fault: 'Was nicht stimmt',
    progress: 'Wie viel der Datei bearbeitet ist',
    results: 'Zugangsdaten und Schlüssel',
    resultsText:
      'Was jede Zeile angelegt hat: Ids, Namen, Zugangsdaten neuer Geräte, neue Schachtelschlüssel. Jetzt speichern: von hier sind sie 24 Stunden zu haben, und nur mit Ihrem Konto.',
    save: 'Als NDJSON speichern',
    noKeys: 'Es wurde kein neuer Schachtelschlüssel angelegt, also gibt es keine Etiketten.',
    ownKeys:
      'Geräte mit einem eigenen Schlüssel haben hier kein Etikett: npx latchkey labels druckt sie aus Ihrer Datei.',
    foreign: 'Zugangsdaten und Schlüssel sind für das Konto, das die Datei gesendet hat.',
    tooMany: (count, most) =>
      `Die Datei hat ${count} neue Schlüssel. Hier sind Etiketten der ersten ${most}; npx latchkey labels druckt alle.`,
  },
}
