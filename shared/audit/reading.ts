import type { Digests } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Logged, Store } from '../store/port.ts'
import { readOne } from '../store/transact.ts'
import { beginning, follow, type Seen, startFault } from './chain.ts'
import type { AuditHead } from './records.ts'
import { macOf } from './sealer.ts'

const PAGE = 500

/** The chain of a project, oldest line first, from a place on (exclusive). Lines are JSON. */
export async function* linesOf(
  store: Store,
  project: ProjectId,
  from?: string,
): AsyncGenerator<Logged> {
  let after = from
  for (;;) {
    const page = await store.tail(keys.auditChain(project), after, PAGE)
    yield* page
    after = page.at(-1)?.place
    if (page.length < PAGE) return
  }
}

/** Where the chain of a project ends now. */
export const headOf = async (store: Store, project: ProjectId): Promise<AuditHead | undefined> =>
  (await readOne<AuditHead>(store, keys.auditHead(project))).value

/** What is wrong with the chain that a store has. `undefined`: nothing. */
export const chainFault = async (
  store: Store,
  digests: Pick<Digests, 'secret'>,
  project: ProjectId,
): Promise<string | undefined> => {
  // The head first: what is sealed meanwhile lies behind it.
  const head = await headOf(store, project)
  let seen: Seen | undefined
  for await (const { item } of linesOf(store, project)) {
    const next = follow(seen, parsed(item))
    if (typeof next === 'string') return next
    seen = next
    if (head !== undefined && seen.seq === head.seq && seen.hash !== head.hash)
      return `line ${seen.seq} is not the one that was sealed`
  }
  if (head === undefined) return seen === undefined ? undefined : 'the end of the chain is missing'
  if (macOf(digests, project, head) !== head.mac)
    return 'the end of the chain was not written with this instance key'
  if ((seen ?? beginning(project)).seq < head.seq) return `lines up to ${head.seq} are missing`
  return seen && startFault(seen)
}

const parsed = (item: string): unknown => {
  try {
    return JSON.parse(item) as unknown
  } catch {
    return undefined
  }
}
