import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type Command, EXIT, type ExitCode, type Io, parse, WrongUsage } from '../cli/command.ts'
import { createProgress } from '../cli/progress.ts'
import { faultsFor, runCampaign } from './campaign.ts'
import { check } from './check.ts'
import { FAULTS } from './faults.ts'
import { readHistory } from './history.ts'
import { MUTANTS } from './mutants.ts'
import { reportOf, summaryOf, writeReport } from './report.ts'
import { redisIsThere, type StoreName } from './system.ts'

const HELP = `npm run faults -- [options]: whether ownership holds while processes die and networks fail

Starts the built program, lets many clients claim devices over HTTP and MQTT, breaks things meanwhile, and checks all
that the clients saw. The same seed makes the same choices.

  --seed N        default: drawn, and printed
  --store S       embedded or redis; default: both, redis where there is a redis-server
  --only F1,F3    these faults alone
  --claims N      default 5000
  --kills N       kill -9, so many; default 200
  --out FOLDER    for the history and the report of each store; default ./data/faults
  --check FILE    checks a history once more, and starts nothing
  --broken M      nodes whose store is wrong, which the check has to find out: exit code 1. M is one of
                  ${[...MUTANTS.keys()].join(', ')}
  --json          the report as one line of JSON for each store

${FAULTS.map(({ id, stores, about }) => `  ${id.padEnd(4)} ${stores.join(', ').padEnd(16)} ${about}\n`).join('')}
Exit codes: 0 clean, 1 a violation, 2 wrong usage.
`

const OPTIONS = {
  seed: { type: 'string' },
  store: { type: 'string' },
  only: { type: 'string' },
  claims: { type: 'string' },
  kills: { type: 'string' },
  out: { type: 'string' },
  check: { type: 'string' },
  broken: { type: 'string' },
  json: { type: 'boolean' },
} as const

const numberOf = (name: string, text: string | undefined, fallback: number, most: number) => {
  if (text === undefined) return fallback
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= most)) throw new WrongUsage(`--${name} is a number up to ${most}`)
  return value
}

const storesOf = (text: string | undefined): readonly StoreName[] => {
  if (text === undefined) return redisIsThere() ? ['embedded', 'redis'] : ['embedded']
  if (text !== 'embedded' && text !== 'redis') throw new WrongUsage('--store is embedded or redis')
  if (text === 'redis' && !redisIsThere()) throw new WrongUsage('there is no redis-server in PATH')
  return [text]
}

const onlyOf = (text: string | undefined): readonly string[] | undefined => {
  const only = text?.split(',').map((id) => id.trim())
  const unknown = only?.find((id) => !FAULTS.some((fault) => fault.id === id))
  if (unknown !== undefined) throw new WrongUsage(`there is no fault ${unknown.slice(0, 16)}`)
  return only
}

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** What is started as a node. */
const nodesOf = (mutant: string | undefined) => {
  if (mutant === undefined) return {}
  if (!MUTANTS.has(mutant)) throw new WrongUsage('there is no such broken store')
  return { program: fileOf('./broken.js'), args: [mutant] }
}

const underOf = (mutant: string | undefined) =>
  mutant === undefined ? undefined : MUTANTS.get(mutant)?.under

const checkAgain = async (path: string, { stdout }: Io): Promise<ExitCode> => {
  const history = await readHistory(path).catch((error: NodeJS.ErrnoException) => {
    throw new WrongUsage(`FILE cannot be read (${error.code})`)
  })
  if (typeof history === 'string') throw new WrongUsage(`FILE: ${history}`)
  const violations = check(history)
  for (const violation of violations) stdout.write(`${JSON.stringify(violation)}\n`)
  stdout.write(`${history.length} lines, ${violations.length} violations\n`)
  return violations.length === 0 ? EXIT.done : EXIT.refused
}

/** `npm run faults`. */
export const faults: Command = {
  help: HELP,
  async run(argv, io) {
    const { words, json, out = 'data/faults', ...given } = parse(argv, OPTIONS)
    if (words.length > 0) throw new WrongUsage('there is nothing to name')
    if (given.check !== undefined) return checkAgain(given.check, io)
    const seed = numberOf('seed', given.seed, randomInt(1_000_000), 4_294_967_295)
    const claims = numberOf('claims', given.claims, 5000, 100_000)
    const kills = numberOf('kills', given.kills, 200, 10_000)
    const only = onlyOf(given.only) ?? underOf(given.broken)
    const canBe = (store: StoreName) => only?.length === 0 || faultsFor({ store, only }).length > 0
    const stores = storesOf(given.store).filter(canBe)
    if (stores.length === 0) throw new WrongUsage('no fault of these is of this store')
    const program = { cli: fileOf('../cli.js'), ...nodesOf(given.broken) }
    let code: ExitCode = EXIT.done
    for (const store of stores) {
      const progress = createProgress(io)
      io.stderr.write(`${store}, seed ${seed}\n`)
      const outcome = await runCampaign({
        ...{ seed, store, only, claims, kills, ...program, onProgress: progress.at },
      }).finally(progress.end)
      const place = await writeReport(out, outcome)
      io.stdout.write(json ? `${JSON.stringify(reportOf(outcome))}\n` : summaryOf(outcome, place))
      if (outcome.violations.length > 0) code = EXIT.refused
    }
    return code
  },
}
