import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Carrier, postponed, SENT } from './carrier.ts'

/**
 * Leaves each message as a JSON file in a folder (0700 when we make it, files 0600): written beside, flushed, then renamed
 * into place, so that nobody finds half of one. A repeat writes over itself.
 */
export const openFolder = <Message>(path: string): Carrier<Message> => {
  const folder = resolve(path)
  return {
    carry: async (message, name) => {
      const place = join(folder, `${name}.json`)
      const beside = join(folder, `.${name}.part`)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const file = await open(beside, 'w', 0o600)
        try {
          await file.writeFile(`${JSON.stringify(message)}\n`)
          await file.sync()
        } finally {
          await file.close()
        }
        await rename(beside, place)
        return SENT
      } catch (cause) {
        await rm(beside, { force: true }).catch(() => undefined)
        return postponed(`the folder cannot be written: ${(cause as NodeJS.ErrnoException).code}`)
      }
    },
  }
}
