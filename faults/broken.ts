import { start } from '../main.ts'
import { readConfig } from '../shared/config.ts'
import { openLog } from '../shared/log.ts'
import { MUTANTS } from './mutants.ts'

/** A node whose store is wrong: `node broken.js MUTANT`, with the settings of the program. For tests of the check alone. */
const mutant = MUTANTS.get(process.argv[2] ?? '')
if (mutant === undefined) throw new Error(`one of ${[...MUTANTS.keys()].join(', ')} is needed`)
const config = readConfig(process.env, process.cwd())
if ('faults' in config) throw new Error(config.faults.join('\n'))
const { mqtt, http, close } = await start({
  config,
  log: openLog(config.logLevel, false),
  onPassword: () => undefined,
  aroundStore: mutant.around,
})
process.once('SIGTERM', () => {
  close().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
process.stdout.write(`${JSON.stringify({ msg: 'ready', mqtt, http })}\n`)
