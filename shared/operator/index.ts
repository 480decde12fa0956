import { existsSync } from 'node:fs'
import { type Config, readConfig } from '../config.ts'
import { createDigests, type Digests } from '../guard/digests.ts'
import { openInstanceKeys } from '../guard/instance-key.ts'
import { silentLog } from '../log.ts'
import { beginExport, type MoveContext } from '../move/export.ts'
import { importFile, type Progress } from '../move/import.ts'
import { SCHEMA } from '../schema/migrations.ts'
import { explained, OperatorFault } from './faults.ts'

/** Where the settings come from. */
export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
}

const configIn = ({ env, folder }: Surroundings): Config => {
  const config = readConfig(env, folder)
  if ('faults' in config) throw new OperatorFault('wrong', config.faults.join('; '))
  return config
}

/** The keys that are there: none is made, because a new one opens nothing of what is moved. */
const digestsOf = ({ keyFile }: Config): Digests => {
  if (!existsSync(keyFile))
    throw new OperatorFault('wrong', `LATCHKEY_KEY_FILE: there is no ${keyFile}`)
  const { root, signers } = openInstanceKeys(keyFile)
  return createDigests(root, signers)
}

const contextOf = (config: Config): MoveContext => ({
  url: config.store,
  allowUnsafe: config.storeUnsafe,
  digests: digestsOf(config),
  log: silentLog,
  now: Date.now,
})

/** Begins to write everything down; throws `OperatorFault`. */
export const exportAll = (surroundings: Surroundings, { hold }: { readonly hold: boolean }) =>
  explained(() => beginExport(contextOf(configIn(surroundings)), { hold, embeddedSchema: SCHEMA }))

/** Moves a file in; throws `OperatorFault`. */
export const importAll = (surroundings: Surroundings, path: string, progress: Progress) =>
  explained(() => importFile(contextOf(configIn(surroundings)), path, progress))
