import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from '@jest/globals'

const ROOT = resolve(import.meta.dirname, '../..')
const TSC = join(ROOT, 'node_modules/@typescript/native/bin/tsc')
const OPTIONS = [
  '--ignoreConfig',
  '--noEmit',
  '--strict',
  '--exactOptionalPropertyTypes',
  '--skipLibCheck',
]
const MODULES = ['--module', 'nodenext', '--target', 'es2022', '--allowImportingTsExtensions']

const compile = (file: string, ...more: readonly string[]) => {
  const args = [TSC, ...OPTIONS, ...MODULES, ...more, join(ROOT, 'test/client', file)]
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' })
  return { status, said: stdout }
}

const IN_BROWSERS = ['--lib', 'es2023,dom,dom.iterable', '--types', '']
const IN_NODE = ['--lib', 'es2023', '--types', 'node']

test.each([
  ['a browser', IN_BROWSERS],
  ['Node', IN_NODE],
])('for %s: what programs may write compiles, and each mistake is seen', (_, where) => {
  // Each mistake has an expected error above it; the compiler complains where there is none.
  for (const file of ['typed.ts', 'mistyped.ts'])
    expect(compile(file, ...where)).toEqual({ status: 0, said: '' })
  const mistakes = readFileSync(join(ROOT, 'test/client/mistyped.ts'), 'utf8')
  expect(mistakes.match(/@ts-expect-error/g)?.length).toBeGreaterThan(8)
})
