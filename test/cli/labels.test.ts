import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { labels } from '../../cli/labels/command.ts'
import { broken } from '../../shared/labels/draw.ts'
import { SHEETS } from '../../shared/labels/sheet.ts'
import { runCli, workFolder } from '../support/cli.ts'
import { pagesOfPdf, readShape, shapesOfPage, shapesOfSvg, textsOfPage } from '../support/print.ts'

const URL_OF_PAGE = 'https://claim.example.com'
const KEY = 'K-THE9-AZT2-ESND-KTCY'

let folder: ReturnType<typeof workFolder>
beforeEach(() => {
  folder = workFolder()
})
afterEach(() => folder.drop())

const fileOf = (rows: readonly unknown[]) => {
  const path = folder.at('made.ndjson')
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  return path
}
const lamps = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ line: n + 1, name: `lamp-${n}`, boxKey: KEY }))
const print = (out: string, rows: readonly unknown[], ...more: string[]) =>
  runCli(labels, [fileOf(rows), '--out', folder.at(out), '--url', URL_OF_PAGE, ...more])
const pdf = () => pagesOfPdf(readFileSync(folder.at('l.pdf')))
const linkOf = (name: string) => `${URL_OF_PAGE}/c#d=${encodeURIComponent(name)}&s=${KEY}`

const NAMES = ['lamp-1', 'Küche 1 & "Flur" <2>', '灯-7', 'a=b&s=c#d', 'x'.repeat(255)]

test.each(NAMES)('the codes of an SVG and of a PDF say what is to be claimed: %j', async (name) => {
  const rows = [{ name, boxKey: KEY }]
  expect((await print('l.svg', rows, '--sheet', 'L7160')).code).toBe(0)
  expect((await print('l.pdf', rows)).code).toBe(0)
  const [inSvg] = shapesOfSvg(readFileSync(folder.at('l.svg'), 'utf8'))
  const [inPdf] = shapesOfPage(pdf()[0]?.content ?? '')
  for (const shape of [inSvg, inPdf]) {
    const said = new URL(readShape(shape ?? []))
    expect(said.origin + said.pathname).toBe(`${URL_OF_PAGE}/c`)
    const members = new Map(
      said.hash
        .slice(1)
        .split('&')
        .map((pair) => pair.split('=') as [string, string]),
    )
    expect(decodeURIComponent(members.get('d') ?? '')).toBe(name)
    expect(decodeURIComponent(members.get('s') ?? '')).toBe(KEY)
  }
})

test('a code can be what the apps of ThingsBoard read', async () => {
  await print('l.pdf', [{ name: 'Lamp "1"', secret: 's\\3' }], '--content', 'thingsboard')
  const [shape = []] = shapesOfPage(pdf()[0]?.content ?? '')
  // research/thingsboard.md 4: the QR code convention.
  expect(JSON.parse(readShape(shape))).toEqual({ deviceName: 'Lamp "1"', secretKey: 's\\3' })
})

test('under the code stand the name and the key; every letter of them', async () => {
  await print('l.pdf', [{ name: 'Küche <1> & "Flur"', boxKey: KEY }])
  expect(textsOfPage(pdf()[0]?.content ?? '').join('')).toBe(`Küche <1> & "Flur"${KEY}`)
  await print('l.svg', [{ name: '灯 <1> & "Flur"', boxKey: KEY }])
  const svg = readFileSync(folder.at('l.svg'), 'utf8')
  const texts = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
  expect(texts.join('')).toBe(`灯 &lt;1&gt; &amp; &quot;Flur&quot;${KEY}`)
})

test('lines are broken at dashes and blanks, and nothing is lost', () => {
  expect(broken(KEY, 12)).toEqual(['K-THE9-AZT2-', 'ESND-KTCY'])
  expect(broken('abcdefgh-1', 4)).toEqual(['abcd', 'efgh', '-1'])
  for (let most = 1; most < 40; most++) {
    const lines = broken(`long name_${KEY}`, most)
    expect(lines.join('')).toBe(`long name_${KEY}`)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(most)
  }
})

// What is printed on the packages of these sheets: labels a page, and their size in mm.
test.each([
  ['L4731', 189, 25.4, 10],
  ['L7651', 65, 38.1, 21.2],
  ['L7159', 24, 63.5, 33.9],
  ['L7160', 21, 63.5, 38.1],
])(
  'a sheet %s has %d labels of %d x %d mm, in the middle of an A4 page',
  async (name, count, width, height) => {
    const sheet = SHEETS.get(name)
    if (sheet === undefined) throw new Error('no such sheet')
    expect(sheet.columns * sheet.rows).toBe(count)
    expect(sheet.label).toEqual({ width, height })
    const right = 210 - sheet.left - (sheet.columns - 1) * sheet.across - width
    const bottom = 297 - sheet.top - (sheet.rows - 1) * sheet.down - height
    expect(Math.abs(right - sheet.left)).toBeLessThan(0.05)
    expect(Math.abs(bottom - sheet.top)).toBeLessThan(0.05)

    const { code, stdout } = await print('l.pdf', lamps(count + 1), '--sheet', name)
    expect([code, stdout]).toEqual([0, `${count + 1} labels\n`])
    const pages = pdf()
    expect(pages.map(({ content }) => shapesOfPage(content).length)).toEqual([count, 1])
    expect(pages[0]?.box.map(Math.round)).toEqual([0, 0, 595, 842])
    for (const place of [0, count - 1]) {
      const shape = shapesOfPage(pages[0]?.content ?? '')[place] ?? []
      expect(readShape(shape)).toBe(linkOf(`lamp-${place}`))
      const [column, row] = [place % sheet.columns, Math.floor(place / sheet.columns)]
      for (const { x, y, width: w, height: h } of shape) {
        expect(x).toBeGreaterThanOrEqual(sheet.left + column * sheet.across)
        expect(x + w).toBeLessThanOrEqual(sheet.left + column * sheet.across + width)
        expect(y).toBeGreaterThanOrEqual(sheet.top + row * sheet.down)
        expect(y + h).toBeLessThanOrEqual(sheet.top + row * sheet.down + height)
      }
    }
  },
)

test('a roll has one label a page, as large as it is', async () => {
  await print('l.pdf', lamps(3), '--roll', '50x70')
  const pages = pdf()
  expect(pages.map(({ box }) => box.map(Math.round))).toEqual(Array(3).fill([0, 0, 142, 198]))
  expect(pages.map(({ content }) => readShape(shapesOfPage(content)[0] ?? []))).toEqual(
    lamps(3).map(({ name }) => linkOf(name)),
  )
})

test('a sheet that was begun goes on at its first free place', async () => {
  await print('l.pdf', lamps(3), '--start', '20')
  expect(pdf().map(({ content }) => shapesOfPage(content).length)).toEqual([2, 1])
})

test('many pages of SVG are many files, for their owner alone', async () => {
  await print('l.svg', lamps(50))
  const files = readdirSync(folder.path)
    .filter((name) => name.endsWith('.svg'))
    .sort()
  expect(files).toEqual(['l-2.svg', 'l-3.svg', 'l.svg'])
  for (const file of files) expect(statSync(folder.at(file)).mode & 0o777).toBe(0o600)
})

test('the same labels are the same bytes', async () => {
  await print('l.pdf', lamps(30))
  await print('m.pdf', lamps(30))
  expect(readFileSync(folder.at('m.pdf')).equals(readFileSync(folder.at('l.pdf')))).toBe(true)
})

test('CSV is read, too, and the first key of a row that is there counts', async () => {
  const path = folder.at('rows.csv')
  writeFileSync(path, `name,tag,secret,claimCode\r\nlamp,,${KEY},other\r\n"lamp, 2",,,${KEY}\r\n`)
  await runCli(labels, [path, '--out', folder.at('l.pdf'), '--url', URL_OF_PAGE])
  const shapes = shapesOfPage(pdf()[0]?.content ?? '')
  expect(shapes.map(readShape)).toEqual([linkOf('lamp'), linkOf('lamp, 2')])
})

test('rows without a name or a key have no label, and are told by their lines', async () => {
  const rows = [{ name: 'a' }, { boxKey: KEY }, 7, { name: 'b', boxKey: KEY }]
  const { code, stderr, stdout } = await print('l.pdf', rows, '--json')
  expect(code).toBe(1)
  expect(stderr.match(/^line \d/gm)).toEqual(['line 1', 'line 2', 'line 3'])
  expect(JSON.parse(stdout)).toEqual({ labels: 1, skipped: 3 })
})

test('what no code can say has no label, and the others have theirs', async () => {
  // ISO/IEC 18004, table 7: 2331 bytes at most at level M; each of these letters is nine of them in a link.
  const rows = [{ name: '灯'.repeat(255), boxKey: KEY }, ...lamps(1)]
  const { code, stderr } = await print('l.pdf', rows)
  expect([code, stderr]).toEqual([1, 'line 1: more than a code can say, so no label\n'])
  const [shape, ...others] = shapesOfPage(pdf()[0]?.content ?? '')
  expect([readShape(shape ?? []), others]).toEqual([linkOf('lamp-0'), []])
})

test('a file is never written over, and dots that are too small are told', async () => {
  expect((await print('l.pdf', lamps(1), '--sheet', 'L4731')).stderr).toMatch(/hard to print/)
  const { code, stderr } = await print('l.pdf', lamps(1))
  expect(code).toBe(2)
  expect(stderr).toMatch(/there already/)
})

test.each([
  ['no file', []],
  ['no --out', ['FILE']],
  ['another form', ['FILE', '--out', 'l.png', '--url', URL_OF_PAGE]],
  ['an unknown sheet', ['FILE', '--out', 'l.pdf', '--url', URL_OF_PAGE, '--sheet', 'L1']],
  ['a roll without measures', ['FILE', '--out', 'l.pdf', '--url', URL_OF_PAGE, '--roll', 'wide']],
  [
    'sheet and roll',
    ['FILE', '--out', 'l.pdf', '--url', URL_OF_PAGE, '--roll', '50x30', '--sheet', 'L7160'],
  ],
  ['no address of the claim page', ['FILE', '--out', 'l.pdf']],
  ['an unknown content', ['FILE', '--out', 'l.pdf', '--content', 'matter']],
  ['a place off the sheet', ['FILE', '--out', 'l.pdf', '--url', URL_OF_PAGE, '--start', '22']],
  ['a file that is not there', ['nothing.ndjson', '--out', 'l.pdf', '--url', URL_OF_PAGE]],
  ['an unknown option', ['FILE', '--colour', 'red']],
])('%s is wrong usage', async (_what, argv) => {
  const file = fileOf(lamps(1))
  const given = argv.map((word) =>
    word === 'FILE' ? file : /^(l\.|nothing)/.test(word) ? folder.at(word) : word,
  )
  const { code, stderr } = await runCli(labels, given)
  expect(code).toBe(2)
  expect(stderr).toMatch(/--help/)
  expect(readdirSync(folder.path)).toEqual(['made.ndjson'])
})

// A second reader of the PDF, which no fresh machine has: what is in the file is read by the tests above, too.
const hasPoppler = spawnSync('pdftotext', ['-v'], { stdio: 'ignore' }).status === 0
const describeWithPoppler = hasPoppler ? describe : describe.skip

describeWithPoppler(
  `in another program's eyes${hasPoppler ? '' : ' (skipped: there is no pdftotext)'}`,
  () => {
    test('a PDF opens, and its text is the names and the keys', async () => {
      await print('l.pdf', lamps(25), '--sheet', 'L7159')
      const { status, stdout, stderr } = spawnSync('pdftotext', [folder.at('l.pdf'), '-'], {
        encoding: 'utf8',
      })
      expect([status, stderr]).toEqual([0, ''])
      for (const { name } of lamps(25)) expect(stdout).toContain(name)
      expect(stdout.replace(/\s/g, '').split(KEY)).toHaveLength(26)
    })
  },
)
