import type { ProjectId } from '../model/ids.ts'
import type { Notice } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { LogItem } from '../store/port.ts'

/** The wake-up: in which project's outbox something lies. */
export const NOTICES_CHANNEL = 'notices'
/** How many notices a project's outbox keeps. */
export const NOTICES_KEEP = 20_000
/** How long a notice waits for those who have not heard it. */
export const NOTICE_TTL_MS = 86_400_000

/** The part of a change that has a device told. */
export const noticeLine = (project: ProjectId, notice: Notice): LogItem => ({
  log: keys.notices(project),
  item: JSON.stringify(notice),
  keep: NOTICES_KEEP,
  ttlMs: NOTICE_TTL_MS,
})
