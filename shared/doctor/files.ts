import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { KeyFileUnfit, openInstanceKeys } from '../guard/instance-key.ts'
import { type Finding, fault, good, warning } from './finding.ts'

const OTHERS = 0o077

/** Whether the key file is there, is a key file, and is nobody else's to read. */
export const checkKeyFile = ({ keyFile }: Pick<Config, 'keyFile'>): Finding => {
  const name = 'key file'
  if (!existsSync(keyFile))
    return warning(
      name,
      `there is no ${keyFile}`,
      'the first start makes one; copy it for other nodes',
    )
  try {
    openInstanceKeys(keyFile)
  } catch (cause) {
    if (!(cause instanceof KeyFileUnfit)) throw cause
    return fault(name, cause.message, 'put the copy back that you have kept')
  }
  const mode = statSync(keyFile).mode & 0o777
  return (mode & OTHERS) === 0
    ? good(name, `${keyFile} is its owner's alone`)
    : fault(name, `${keyFile} can be read by others (${mode.toString(8)})`, `chmod 600 ${keyFile}`)
}

/** Whether something may be made in a folder, which may not be there yet. */
export const mayWriteIn = (folder: string): boolean => {
  let place = resolve(folder)
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  try {
    accessSync(place, constants.W_OK)
    return true
  } catch {
    return false
  }
}
