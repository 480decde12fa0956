import type { Benchmark, Row } from './benchmark.ts'
import { claim } from './claim.ts'
import { embed } from './embed.ts'

const BENCHMARKS: readonly Benchmark[] = [claim, embed]

const number = (value: number | undefined, digits: number) =>
  value === undefined ? '' : value.toFixed(digits)

const print = (name: string, { cpuUs, range, perSecond, ratio }: Row) => {
  const spread = range === undefined ? '' : `(${range.map((us) => us.toFixed(0)).join(' to ')})`
  const cells = [
    name.padEnd(40),
    `${number(cpuUs, 1)} us`.padStart(10),
    spread.padEnd(14),
    `${number(perSecond, 0)}/s`.padStart(9),
  ]
  process.stdout.write(
    `${cells.join('  ')}${ratio === undefined ? '' : `  ${ratio.toFixed(2)} x the bare parts`}\n`,
  )
}

const only = process.argv[process.argv.indexOf('--only') + 1]
for (const { name, about, run } of BENCHMARKS) {
  if (process.argv.includes('--only') && name !== only) continue
  process.stdout.write(
    `${name}: ${about}\nCPU time of the server process per operation, median (range), and rate\n`,
  )
  for (const [row, values] of Object.entries(await run())) print(row, values)
}
