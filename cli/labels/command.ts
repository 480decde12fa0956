import { deflateSync } from 'node:zlib'
import { fitsCode } from '../../shared/labels/code.ts'
import { CONTENTS, type Content } from '../../shared/labels/content.ts'
import { SMALLEST_MODULE_MM } from '../../shared/labels/draw.ts'
import { type Page, pagesOf } from '../../shared/labels/pages.ts'
import { isPrintable, type Pack, pdfOf } from '../../shared/labels/pdf.ts'
import { perPage, SHEETS } from '../../shared/labels/sheet.ts'
import { svgOf } from '../../shared/labels/svg.ts'
import {
  type Command,
  EXIT,
  EXIT_HELP,
  type ExitCode,
  type Io,
  oneFile,
  parse,
  WrongUsage,
} from '../command.ts'
import { createProgress } from '../progress.ts'
import { mustNotExist, writeSecretFile } from '../secret-file.ts'
import { type LabelRow, labelsIn, type PrintedRow } from './read.ts'
import { sheetOf } from './sheet.ts'

const HELP = `latchkey labels FILE --out labels.pdf: QR codes to print for the box of each device

FILE is what \`latchkey devices import --out\` wrote, or any .ndjson or .csv with a name and a boxKey, a secret
or a claimCode in each row. Nothing is asked of a server. The files have secrets in them: 0600.

  --out FILE        .pdf, or .svg: one for each page, numbered from the second on; never over another file
  --sheet NAME      A4 sheets: ${[...SHEETS].map(([name, sheet]) => `${name} (${perPage(sheet)})`).join(', ')}; else L7160
  --roll WxH        a roll instead: one label a page, width x height in mm, like 50x30
  --start N         the first free place on the first sheet (1)
  --content WORD    link: our claim page (else); thingsboard: {"deviceName","secretKey"}
  --url URL         where our claim page is (LATCHKEY_PUBLIC_URL)
  --project P       the project of the devices, where it is not the default one
  --json            the end as one line of JSON

Under each code stand the name and the key, to be typed. In a PDF, letters outside of Latin-1 are question marks.

${EXIT_HELP}
`

const OPTIONS = {
  out: { type: 'string' },
  sheet: { type: 'string' },
  roll: { type: 'string' },
  start: { type: 'string' },
  content: { type: 'string' },
  url: { type: 'string' },
  project: { type: 'string' },
  json: { type: 'boolean' },
} as const

const contentIn = (word: string): Content => {
  const content = CONTENTS.get(word)
  if (content !== undefined) return content
  throw new WrongUsage(`--content is one of ${[...CONTENTS.keys()].join(', ')}`)
}

const urlFor = (word: string, given: string | undefined, env: Io['env']): string => {
  const url = (given ?? env.LATCHKEY_PUBLIC_URL ?? '').replace(/\/+$/, '')
  if (word !== 'link') return url
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new WrongUsage(
    '--url, or LATCHKEY_PUBLIC_URL, is the http:// or https:// address of the claim page',
  )
}

const skippedIn = (given: string | undefined, places: number): number => {
  const start = given === undefined ? 1 : /^\d{1,3}$/.test(given) ? Number(given) : 0
  if (start < 1 || start > places) throw new WrongUsage(`--start is a place from 1 to ${places}`)
  return start - 1
}

type Writer = (out: string, pages: AsyncIterable<Page>) => Promise<void>

/** `labels.svg`, `labels-2.svg`, and so on. */
const numbered = (out: string, page: number): string =>
  page === 1 ? out : out.replace(/(\.[^.]*)$/, `-${page}$1`)

const pack: Pack = (bytes) => Uint8Array.from(deflateSync(bytes, { level: 9 }))

/** How pages are written, by the end of the file's name. */
const WRITERS = new Map<string, Writer>([
  ['.pdf', (out, pages) => writeSecretFile('--out', out, pdfOf(pages, pack))],
  [
    '.svg',
    async (out, pages) => {
      let count = 0
      for await (const page of pages) {
        count += 1
        await writeSecretFile('--out', numbered(out, count), [svgOf(page)])
      }
    },
  ],
])

const writerFor = (out: string): Writer => {
  const writer = WRITERS.get(/\.[^.]*$/.exec(out)?.[0].toLowerCase() ?? '')
  if (writer === undefined) throw new WrongUsage('--out ends with .pdf or .svg')
  return writer
}

const isLabel = (row: LabelRow): row is PrintedRow => 'secret' in row

const WORDS = {
  name: 'no name',
  key: 'no key',
  row: 'no row that can be read',
  room: 'more than a code can say',
} as const

/** `latchkey labels`. */
export const labels: Command = {
  help: HELP,
  async run(argv, io): Promise<ExitCode> {
    const given = parse(argv, OPTIONS)
    const file = oneFile(given.words)
    if (given.out === undefined) throw new WrongUsage('--out is missing')
    const write = writerFor(given.out)
    const sheet = sheetOf(given.sheet, given.roll)
    const word = given.content ?? 'link'
    const content = contentIn(word)
    const { project } = given
    const options = { url: urlFor(word, given.url, io.env), project }
    const skipped = skippedIn(given.start, perPage(sheet))
    mustNotExist('--out', given.out)
    const counts = { labels: 0, skipped: 0, unprintable: 0 }
    let smallest = Number.POSITIVE_INFINITY
    const progress = createProgress(io)
    const skip = (line: number, missing: keyof typeof WORDS) => {
      counts.skipped += 1
      io.stderr.write(`line ${line}: ${WORDS[missing]}, so no label\n`)
    }
    const readable = async function* () {
      for await (const row of labelsIn(file, progress.at)) {
        if (!isLabel(row)) skip(row.line, row.missing)
        else if (!fitsCode(content(row, options))) skip(row.line, 'room')
        else {
          counts.labels += 1
          if (!isPrintable(row.name + row.secret)) counts.unprintable += 1
          yield row
        }
      }
    }
    const measured = async function* () {
      for await (const page of pagesOf(readable(), { ...options, sheet, content, skipped })) {
        smallest = Math.min(smallest, page.module)
        yield page
      }
    }
    await write(given.out, measured()).finally(progress.end)
    if (smallest < SMALLEST_MODULE_MM)
      io.stderr.write(
        `The dots of the codes are ${smallest.toFixed(2)} mm: below ${SMALLEST_MODULE_MM} mm they are hard to print and to read; take larger labels.\n`,
      )
    if (counts.unprintable > 0 && given.out.toLowerCase().endsWith('.pdf'))
      io.stderr.write(
        `${counts.unprintable} labels have letters that a PDF of ours cannot show; SVG can.\n`,
      )
    io.stdout.write(
      given.json
        ? `${JSON.stringify({ labels: counts.labels, skipped: counts.skipped })}\n`
        : `${counts.labels} labels\n`,
    )
    return counts.skipped === 0 ? EXIT.done : EXIT.refused
  },
}
