import { chainFault } from '../audit/reading.ts'
import { INSTANCE } from '../audit/records.ts'
import type { Digests } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { type Finding, fault, good } from './finding.ts'

const PAGE = 500

async function* projectsOf(store: Store): AsyncGenerator<ProjectId> {
  yield INSTANCE
  let after: string | undefined
  for (;;) {
    const page = await store.list(
      keys.projects(),
      after === undefined ? { limit: PAGE } : { after, limit: PAGE },
    )
    yield* page as ProjectId[]
    after = page.at(-1)
    if (page.length < PAGE) return
  }
}

/** Follows the chain of every project from its first line to its end. */
export const checkAudits = async (
  store: Store,
  digests: Pick<Digests, 'secret'>,
): Promise<readonly Finding[]> => {
  const faults: Finding[] = []
  let count = 0
  for await (const project of projectsOf(store)) {
    count += 1
    const why = await chainFault(store, digests, project)
    if (why !== undefined)
      faults.push(
        fault(
          'audit',
          `${project}: ${why}`,
          'compare with what was exported before; find out who could write to the store',
        ),
      )
  }
  return faults.length === 0 ? [good('audit', `${count} chains are whole`)] : faults
}
