import { existsSync } from 'node:fs'
import { link, open, unlink } from 'node:fs/promises'
import { WrongUsage } from './command.ts'

const exists = (option: string, path: string) =>
  new WrongUsage(`${option}: ${path} is there already, and is not written over`)

/** Refuses early what would be refused in the end. */
export const mustNotExist = (option: string, path: string | undefined): void => {
  if (path !== undefined && existsSync(path)) throw exists(option, path)
}

/**
 * Writes a file that only its owner may read (0600). It has its name when it is whole, and never the name of another one.
 * `WrongUsage` where it cannot be written.
 */
export const writeSecretFile = async (
  option: string,
  path: string,
  content: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<void> => {
  const beside = `${path}.${process.pid}.part`
  const file = await open(beside, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new WrongUsage(`${option}: ${path} cannot be written (${error.code})`)
  })
  try {
    try {
      for await (const piece of content) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(beside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw exists(option, path)
      throw error
    })
  } finally {
    await unlink(beside)
  }
}
