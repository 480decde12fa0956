import type { LabelWords } from './words.ts'

export const en: LabelWords = {
  keys: {
    title: 'Keys',
    new: 'With new box keys',
    none: 'Without keys',
    newText:
      'A key that a device has cannot be shown again: only its digest is kept. So each device gets a new one, and what it had opens nothing any more.',
    noneText:
      'Name and code only. Whoever scans it types the key, which is printed elsewhere or shown by the device.',
    days: 'Good for how many days',
    make: 'Make keys and labels',
    makeNone: 'Make labels',
    stop: 'Stop',
    progress: 'Making keys',
    askTitle: (count) =>
      count === 1 ? 'Make a new key for 1 device?' : `Make new keys for ${count} devices?`,
    askText:
      'Labels that are printed already open nothing any more, and the new keys are shown only here and now.',
    ask: 'Replace the keys',
    made: (count) => (count === 1 ? '1 key made' : `${count} keys made`),
  },
  refused: {
    title: 'Without a label',
    device: 'Device',
    why: 'Why',
    owned: 'It has an owner: until it is released a key would open nothing.',
    stopped: 'Stopped before its turn. Its key is as it was.',
    again: 'Try these again',
  },
  sheet: {
    title: 'Labels',
    once: 'These keys are shown only now. Leave this page when the file is saved: nobody can read them again.',
    sheet: 'Sheet',
    roll: 'Roll, one label a page',
    width: 'Width in mm',
    height: 'Height in mm',
    start: 'First free label on the sheet',
    content: 'What the code says',
    link: 'Our link',
    thingsboard: 'ThingsBoard’s JSON',
    a4: (name, count, width, height) => `${name}: ${count} on A4, ${width} × ${height} mm`,
    wrongSize: 'From 8 to 999.99 mm',
    wrongDays: 'From 1 to 3650',
    tooLong: (count) =>
      count === 1
        ? '1 device has no label: its name is longer than a code can say.'
        : `${count} devices have no label: their names are longer than a code can say.`,
    wrongStart: (most) => `From 1 to ${most}`,
    page: (page, pages) => `Page ${page} of ${pages}`,
    preview: (page, pages, labels) => `Page ${page} of ${pages}, with ${labels} labels`,
    former: 'Page before',
    next: 'Next page',
    pdf: 'Save all as PDF',
    svg: 'Save this page as SVG',
    drawing: 'Drawing pages',
    print: 'Print without scaling (100 %).',
    small:
      'The dots of these codes are under 0.25 mm, hard to print and to read. Take larger labels.',
    letters: 'Some names have letters that a PDF of ours cannot show; SVG can.',
  },
  file: {
    title: 'File',
    lead: 'Brings devices into the project, a row for each. The same file again changes nothing.',
    file: 'File of devices',
    hint: 'CSV with a header, or NDJSON; a name in each row. At most 32 MiB and 100,000 rows.',
    keys: 'Make a box key for each device that has none',
    keysText: 'They are printed at the end. Devices that were claimed before are left alone.',
    send: 'Import',
    missing: 'Choose a file',
    otherKind: 'The name of the file has to end with .csv, .ndjson or .jsonl',
    tooLarge: 'The file is larger than 32 MiB: send it in parts',
    empty: 'The file is empty',
    another: 'Import another file',
  },
  operation: {
    title: 'Import',
    waiting: 'Waiting',
    running: 'Under way',
    done: 'Done',
    rows: 'Rows',
    created: 'Created',
    updated: 'Updated',
    unchanged: 'Unchanged',
    failed: 'Refused',
    faults: 'Refused rows',
    line: 'Line',
    fault: 'What is wrong',
    progress: 'How much of the file is done',
    results: 'Credentials and keys',
    resultsText:
      'What each row made: ids, names, the credentials of new devices, new box keys. Save it now: from here it can be had for 24 hours, and only by your account.',
    save: 'Save as NDJSON',
    noKeys: 'No new box key was made, so there are no labels.',
    ownKeys:
      'Devices with a key of their own have no label here: npx latchkey labels prints them from your file.',
    foreign: 'Credentials and keys are for the account that has sent the file.',
    tooMany: (count, most) =>
      `The file has ${count} new keys. Here are labels of the first ${most}; npx latchkey labels prints all of them.`,
  },
}
