import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = resolve(import.meta.dirname, '../..')
const LARGEST_PICTURE = 150_000

const documentsUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return documentsUnder(path)
    return path.endsWith('.md') ? [path] : []
  })

const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...['docs', 'examples'].flatMap(documentsUnder),
]

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** What a heading is called in an address, as GitHub does it. */
const slugOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-')

const headingsOf = (path: string): readonly string[] =>
  [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slugOf(heading as string))

test.each(DOCUMENTS)('every link of %s leads somewhere', (document) => {
  const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string)
  const lost = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#')
      const path = file === '' ? document : join(dirname(document), file)
      if (!existsSync(join(ROOT, path))) return true
      return anchor !== undefined && !headingsOf(path).includes(anchor)
    })
  expect(lost).toEqual([])
})

test('pictures are small, are said in words, and are all shown', () => {
  const pictures = readdirSync(join(ROOT, 'docs/pictures')).map((name) => `docs/pictures/${name}`)
  const shown = DOCUMENTS.flatMap((document) =>
    [...read(document).matchAll(/!\[(.*?)\]\((.*?)\)/g)].map(([, words = '', path = '']) => ({
      words,
      path: join(dirname(document), path),
    })),
  )
  for (const picture of pictures)
    expect([picture, statSync(join(ROOT, picture)).size < LARGEST_PICTURE]).toEqual([picture, true])
  expect(shown.map(({ path }) => path).sort()).toEqual([...pictures, 'docs/rooms.svg'].sort())
  for (const { words } of shown) expect(words.length).toBeGreaterThan(40)
})

test('every command that a document names is one of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = DOCUMENTS.flatMap((path) => [...read(path).matchAll(/npm run ([\w-]+)/g)])
  const unknown = named.map(([, name]) => name as string).filter((name) => !(name in scripts))
  expect(unknown).toEqual([])
})
