import { StoreUnfit } from '../errors.ts'
import { openEmbeddedReader, openEmbeddedWriter } from './embedded/archive.ts'
import type { ArchiveOptions, Reader, Writer } from './kept.ts'
import { openRedisReader, openRedisWriter } from './redis/archive.ts'

export type { ArchiveOptions, Kept, Reader, Writer } from './kept.ts'

type Kind = {
  readonly read: (options: ArchiveOptions) => Promise<Reader>
  readonly write: (options: ArchiveOptions) => Promise<Writer>
}

const kindOf = ({ url }: ArchiveOptions): Kind => {
  if (url.startsWith('embedded:')) {
    const folder = url.slice('embedded:'.length)
    return {
      read: async () => openEmbeddedReader(folder),
      write: ({ log }) => openEmbeddedWriter(folder, log),
    }
  }
  if (/^rediss?(\+(cluster|sentinel))?:/.test(url))
    return { read: openRedisReader, write: openRedisWriter }
  throw new StoreUnfit(['the store must be embedded:FOLDER or a redis form'])
}

/** Opens a store to read all of it. A running server goes on. */
export const openReader = (options: ArchiveOptions): Promise<Reader> =>
  kindOf(options).read(options)

/** Opens a store to fill it. */
export const openWriter = (options: ArchiveOptions): Promise<Writer> =>
  kindOf(options).write(options)
