import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, Row, Rows } from './benchmark.ts'
import { picture } from './picture.ts'

/** What was measured, and on what. */
export type Results = {
  readonly machine: string
  readonly benchmarks: Readonly<Record<string, { readonly about: string; readonly rows: Rows }>>
}

const GIB = 1024 ** 3

const machine = () => {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / GIB)
  return `${cpu?.model.trim()}, ${cpus().length} cores, ${memory} GiB, Linux ${release()}, Node ${process.version}`
}

const BEGIN = '<!-- measured: written by `npm run bench` -->'
const END = '<!-- /measured -->'

const cellsOf = ({ cpuUs, range, perSecond, ratio, kib }: Row): string[] => [
  cpuUs.toFixed(1),
  range === undefined ? '' : range.map((us) => us.toFixed(1)).join(' to '),
  perSecond.toFixed(0),
  ratio === undefined ? '' : ratio.toFixed(2),
  kib === undefined ? '' : kib.toFixed(1),
]

const HEAD = ['', 'CPU µs', 'rounds', 'a second', 'ratio', 'KiB idle']

const tableOf = (rows: Rows): string[] => {
  const lines = Object.entries(rows).map(([name, row]) => [name, ...cellsOf(row)])
  const used = HEAD.map((_, column) => column < 2 || lines.some((line) => line[column] !== ''))
  return [HEAD, HEAD.map(() => '---'), ...lines].map(
    (line) => `| ${line.filter((_, column) => used[column]).join(' | ')} |`,
  )
}

const chapterOf = (name: string, about: string, rows: Rows): string =>
  [
    `### ${name}`,
    '',
    `One piece of work is ${about}.`,
    '',
    ...tableOf(rows),
    '',
    `![CPU time of each line of this table, with the range of its rounds.](pictures/bench-${name}.svg)`,
    '',
  ].join('\n')

const written = ({ machine: where, benchmarks }: Results): string =>
  [
    BEGIN,
    '',
    `Machine: ${where}.`,
    '',
    ...Object.entries(benchmarks).map(([name, { about, rows }]) => chapterOf(name, about, rows)),
    END,
  ].join('\n')

const earlier = (file: string): Results['benchmarks'] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results).benchmarks : {}

/**
 * Keeps what was measured: all of it in `bench/results.json`, as tables in `docs/performance.md`, as pictures beside. What
 * was not measured this time stays as it is.
 */
export const keep = (root: string, measured: readonly (readonly [Benchmark, Rows])[]): void => {
  const file = join(root, 'bench/results.json')
  const fresh = measured.map(([{ name, about }, rows]) => [name, { about, rows }] as const)
  const results: Results = {
    machine: machine(),
    benchmarks: { ...earlier(file), ...Object.fromEntries(fresh) },
  }
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
  mkdirSync(join(root, 'docs/pictures'), { recursive: true })
  for (const [name, { about, rows }] of fresh)
    writeFileSync(join(root, `docs/pictures/bench-${name}.svg`), picture(about, rows))
  const page = join(root, 'docs/performance.md')
  const text = readFileSync(page, 'utf8')
  const [before = '', rest = ''] = text.split(BEGIN)
  writeFileSync(page, `${before}${written(results)}${rest.split(END)[1] ?? '\n'}`)
}
