import { existsSync } from 'node:fs'
import { type Config, readConfig } from '../config.ts'
import { StoreDown } from '../errors.ts'
import { createDigests, type Digests } from '../guard/digests.ts'
import { KeyFileUnfit, openInstanceKeys } from '../guard/instance-key.ts'
import { silentLog } from '../log.ts'
import { openReader } from '../store/archive.ts'
import { checkAudits } from './audits.ts'
import { checkKeyFile } from './files.ts'
import { type Finding, fault, good } from './finding.ts'
import { checkMail } from './mail.ts'
import { checkRecords, type Progress, SAMPLE } from './records.ts'
import { checkClock, checkSchema, type Reached, reach } from './store.ts'

export type { Finding } from './finding.ts'

type Options = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
  /** Every record and index, not the first 20 000. */
  readonly all: boolean
  /** How much there is about, and how much has been looked at. */
  readonly progress: (looked: number, about: number) => void
}

/** Of the keys that are there. `undefined`: none, or none that can be used; a finding of its own says so. */
const digestsOf = ({ keyFile }: Config): Digests | undefined => {
  if (!existsSync(keyFile)) return undefined
  try {
    const { root, signers } = openInstanceKeys(keyFile)
    return createDigests(root, signers)
  } catch (cause) {
    if (cause instanceof KeyFileUnfit) return undefined
    throw cause
  }
}

async function* ofStore(
  config: Config,
  reached: Reached,
  { all, progress }: Options,
): AsyncGenerator<Finding> {
  const { store } = reached
  yield await checkClock(reached)
  yield await checkSchema(reached)
  const digests = digestsOf(config)
  if (digests !== undefined) yield* await checkAudits(store, digests)
  const reader = await openReader({ url: config.store, log: silentLog })
  try {
    const about = await reader.about()
    const tell: Progress = (looked) => progress(Math.min(looked, about), about)
    yield* await checkRecords(store, reader, all ? Number.POSITIVE_INFINITY : SAMPLE, tell)
  } catch (cause) {
    if (!(cause instanceof StoreDown)) throw cause
    yield fault('records', cause.message, 'docs/operations.md, Which store: the rights to look')
  } finally {
    await reader.close()
  }
}

/** Looks at everything that a server needs, one finding after the other. Changes nothing. */
export async function* examine(options: Options): AsyncGenerator<Finding> {
  const { env, folder } = options
  const config = readConfig(env, folder)
  if ('faults' in config) {
    for (const one of config.faults) yield fault('settings', one, 'docs/operations.md, settings')
    return
  }
  yield good('settings', 'all can be read')
  yield checkKeyFile(config)
  yield* await checkMail(config.mail)
  const { findings, reached } = await reach(config)
  yield* findings
  if (reached === undefined) return
  try {
    yield* ofStore(config, reached, options)
  } finally {
    await reached.store.close()
  }
}
