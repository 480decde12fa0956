import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { batch } from './batch.ts'
import type { Benchmark, Row, Rows } from './benchmark.ts'
import { claim } from './claim.ts'
import { connections } from './connect.ts'
import { embed } from './embed.ts'
import { events } from './events.ts'
import { keep } from './report.ts'

const BENCHMARKS: readonly Benchmark[] = [claim, events, connections, batch, embed]
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const HELP = `npm run bench -- [--only NAME]

Measures this program beside its bare parts and beside others, in one run on this machine: about ten minutes.
Writes bench/results.json, docs/performance.md and docs/pictures/bench-*.svg.

${BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join('\n')}
`

const print = (name: string, { cpuUs, range, perSecond, ratio, kib }: Row) => {
  const spread = range === undefined ? '' : `(${range.map((us) => us.toFixed(0)).join(' to ')})`
  const cells = [
    name.padEnd(44),
    `${cpuUs.toFixed(1)} us`.padStart(10),
    spread.padEnd(14),
    `${perSecond.toFixed(0)}/s`.padStart(9),
    ratio === undefined ? '' : `x ${ratio.toFixed(2)}`,
    kib === undefined ? '' : `${kib.toFixed(1)} KiB idle`,
  ]
  process.stdout.write(`  ${cells.join('  ').trimEnd()}\n`)
}

const { values } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean' } } })
const wanted = BENCHMARKS.filter(({ name }) => values.only === undefined || name === values.only)
if (values.help || wanted.length === 0) {
  process.stdout.write(HELP)
  process.exit(values.help ? 0 : 2)
}
const done: [Benchmark, Rows][] = []
for (const benchmark of wanted) {
  process.stdout.write(`${benchmark.name}: ${benchmark.about}\n`)
  const rows = await benchmark.run()
  for (const [name, row] of Object.entries(rows)) print(name, row)
  done.push([benchmark, rows])
}
if (existsSync(join(ROOT, 'docs/performance.md'))) keep(ROOT, done)
