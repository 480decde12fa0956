import { randomUUID } from 'node:crypto'
import type { Digests } from '../guard/digests.ts'
import { seal, unseal } from '../guard/seal.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { MOST_BYTES, type Spool } from './records.ts'

/** Bytes of one piece. A file of the largest size is 128 of them. */
const PIECE = 256 * 1024
/** A file that nobody works on lies so long. */
export const SPOOL_MS = 7 * 86_400_000
/** Pieces that one commit takes away. */
const REMOVED_AT_ONCE = 50

/** A file that nobody came to work on in time is not there any more. */
export class SpoolOver extends Error {}

export type SpoolContext = {
  readonly store: Store
  readonly digests: Pick<Digests, 'spoolKey'>
  readonly now: () => number
}

/** Joins what comes into pieces of one size, the last one shorter. Memory: one piece and what came last. */
async function* pieced(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    held.push(chunk)
    size += chunk.length
    if (size < PIECE) continue
    yield Buffer.concat(held)
    held = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(held)
}

/** Files that wait in the store, sealed, because there may be secrets in them: any node may work on them, after any crash. */
export const createSpools = ({ store, digests, now }: SpoolContext) => {
  /** Takes the pieces away. What is left by a crash is over by itself. */
  const remove = async ({ project, id, pieces }: Spool): Promise<void> => {
    for (let first = 0; first < pieces; first += REMOVED_AT_ONCE) {
      const length = Math.min(REMOVED_AT_ONCE, pieces - first)
      await store.commit({
        remove: Array.from({ length }, (_, place) => keys.spool(project, id, first + place)),
      })
    }
  }

  /** Stores a file as fast as the store takes it. `'too-large'`: nothing of it is kept. */
  const write = async (
    project: ProjectId,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<Spool | 'too-large'> => {
    const id = randomUUID()
    const expiresAt = now() + SPOOL_MS
    let [pieces, bytes] = [0, 0]
    try {
      for await (const piece of pieced(chunks)) {
        bytes += piece.length
        if (bytes > MOST_BYTES) {
          await remove({ project, id, pieces, bytes })
          return 'too-large'
        }
        const value = seal(digests.spoolKey, piece)
        await store.commit({ put: [{ key: keys.spool(project, id, pieces), value, expiresAt }] })
        pieces += 1
      }
    } catch (cause) {
      await remove({ project, id, pieces, bytes }).catch(() => undefined)
      throw cause
    }
    return { project, id, pieces, bytes }
  }

  /** The pieces of a file. Throws `SpoolOver`. */
  async function* read({ project, id, pieces }: Spool): AsyncGenerator<Uint8Array> {
    for (let place = 0; place < pieces; place++) {
      const [piece] = await store.read([keys.spool(project, id, place)])
      if (piece === undefined) throw new SpoolOver()
      yield unseal(digests.spoolKey, piece.value)
    }
  }

  return { write, read, remove }
}

export type Spools = ReturnType<typeof createSpools>
