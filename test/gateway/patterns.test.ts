import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import ts from 'typescript'

const ROOT = resolve(import.meta.dirname, '../..')

const filesUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(join(ROOT, path)).isDirectory()) return filesUnder(path)
    return name.endsWith('.ts') ? [path] : []
  })

type Found = { readonly where: string; readonly pattern: string; readonly flags: string }

/** Every pattern that is written in a file: as a literal, or as the `pattern` of a schema. */
const patternsIn = (file: string): readonly Found[] => {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Found[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/')
      const [pattern, flags] = [node.text.slice(1, end), node.text.slice(end + 1)]
      found.push({ where: file, pattern, flags: flags.replace(/[gy]/g, '') })
    }
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'pattern' &&
      ts.isStringLiteralLike(node.initializer)
    )
      found.push({ where: file, pattern: node.initializer.text, flags: 'u' })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Nearly a whole body. */
const LENGTH = 200_000
const TEXTS = [
  ...['a', 'A', '0', 'f', ' ', '\t', '\n', '\r\n', '/', '\\', '-', '_', '.', ',', ':', ';', '='],
  ...['@', '%', '"', "'", '{', '[', '(', '<', '+', '*', '#', '~', '\0', '\u00e9', '\ud800', '😀'],
  ...[
    'a.',
    '.a',
    'a@',
    'a-',
    '0:',
    '0.',
    ' a',
    'a ',
    'a,',
    ', ',
    '%0',
    '//',
    '{{',
    'a=',
    '00:',
    'K-',
  ],
]

/** What a pattern wants to begin with, as far as it is spelled out. */
const beginOf = (pattern: string) =>
  /^\^?((?:[\w :=/-]|\\[/.])*)/.exec(pattern)?.[1]?.replaceAll('\\', '') ?? ''

/** Text of the operator's own, and what runs in the browser of whoever typed it. */
const OWN = /^(shared\/(config|trace\/settings)\.ts|gateway\/web\/(page|widget|letters|console)\/)/

/** So long may nobody take: what looks again and again takes ten seconds and more, what looks once a thousandth of that. */
const HANG_MS = 5000

// research/security.md S106.
test('no pattern that reads what strangers send takes more than a look at each character', () => {
  const read = ['shared', 'broker', 'gateway'].flatMap(filesUnder).filter((file) => !OWN.test(file))
  const found = read.flatMap(patternsIn)
  expect(found.length).toBeGreaterThan(100)
  const room = createContext({})
  const hanging: string[] = []
  for (const { where, pattern, flags } of found) {
    const began = beginOf(pattern)
    room.pattern = new RegExp(pattern, flags)
    for (const text of TEXTS)
      for (const start of new Set(['', began]))
        for (const end of ['', '!'])
          try {
            room.text = `${start}${text.repeat(LENGTH / text.length)}${end}`
            runInContext('pattern.test(text)', room, { timeout: HANG_MS })
          } catch {
            hanging.push(`${where}: ${pattern} on ${JSON.stringify(start + text)}…`)
          }
  }
  expect(hanging).toEqual([])
}, 60_000)
