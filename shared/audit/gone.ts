import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'

const DAY_MS = 86_400_000

/** Part of clearing up after a project: nobody can read its audit any more, which ends by itself. */
export const auditGone = (project: ProjectId): Change => ({
  remove: [keys.auditHead(project)],
  append: [
    { log: keys.auditChain(project), item: '', keep: 1, ttlMs: DAY_MS },
    { log: keys.audit(project), item: '', keep: 1, ttlMs: DAY_MS },
  ],
})
