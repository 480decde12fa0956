import { createHash } from 'node:crypto'
import type { Digests } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import type { Logged, Store } from '../store/port.ts'
import { lineOf, put, readOne, transact, unchanged } from '../store/transact.ts'
import { beginning, chained } from './chain.ts'
import { type AuditEvent, type AuditHead, type AuditLine, INSTANCE, type Mark } from './records.ts'

/** Lines that a project keeps, unless set otherwise. */
export const AUDIT_KEEP = 100_000
/** Events that one commit puts into the chain. */
const BATCH = 200
/** A chain is cut at one of so many marks. */
const MARKS = 8

export type SealerContext = {
  readonly store: Store
  readonly digests: Pick<Digests, 'secret'>
  /** Lines of each project that are always there. */
  readonly keep: number
  readonly now: () => number
}

/** Shows that a head was written by who has the instance key. */
export const macOf = (
  { secret }: Pick<Digests, 'secret'>,
  project: ProjectId,
  { seq, hash }: Mark,
): string => secret(`audit head ${project}`, `${seq}\n${hash}`)

/**
 * Puts what has been written down into the chain of its project, in the order of its log. Commits only append to that
 * log, so that none has to wait for another; the one record that everybody would have to change is the sealer's alone. Any
 * number of nodes may seal: of two that seal the same, one finds the head changed.
 */
export const createSealer = ({ store, digests, keep, now }: SealerContext) => {
  const stride = Math.max(1, Math.floor(keep / MARKS))
  const stored = keep + 2 * stride + 2 * BATCH

  const marked = (marks: readonly Mark[], { seq, hash }: AuditLine): readonly Mark[] =>
    seq % stride === 0 ? [...marks, { seq, hash }] : marks

  /** The newest mark from which on enough is kept; the chain says itself that what is before may go. */
  const cutOf = (marks: readonly Mark[], seq: number): Mark | undefined =>
    marks.filter((mark) => mark.seq <= seq - keep).at(-1)

  /** What is none of ours is not left out: that somebody has written into the log is what has to be known. */
  const eventOf = (project: ProjectId, line: Logged): AuditEvent => {
    const event = lineOf<AuditEvent>('an audit event', line)
    const isOurs = event?.project === project
    // What a line of the chain has besides is for the sealer alone to say.
    if (isOurs && !('prev' in event || 'hash' in event || 'seq' in event)) return event
    const what = createHash('sha256').update(line.item).digest('base64url')
    return { at: now(), project, type: 'audit.unreadable', what }
  }

  const linesOf = (project: ProjectId, head: AuditHead, batch: readonly Logged[]) => {
    const lines: AuditLine[] = []
    let { marks } = head
    let last: Mark = head
    const add = (event: AuditEvent) => {
      const line = chained(last, event)
      lines.push(line)
      marks = marked(marks, line)
      last = line
    }
    for (const line of batch) add(eventOf(project, line))
    const cut = cutOf(marks, last.seq)
    if (cut !== undefined) {
      marks = marks.filter(({ seq }) => seq > cut.seq)
      add({ at: now(), project, type: 'audit.cut', cut })
    }
    const { seq, hash } = last
    return { lines, marks, end: { seq, hash } }
  }

  const headOf = (project: ProjectId) => readOne<AuditHead>(store, keys.auditHead(project))

  const sealSome = (project: ProjectId): Promise<number> =>
    transact<number>(store, async () => {
      const [present, space] = await Promise.all([
        headOf(project),
        readOne<unknown>(store, keys.project(project)),
      ])
      // What has ended writes nothing more.
      if (space.value === undefined && project !== INSTANCE) return { result: 0 }
      const head = present.value ?? { ...beginning(project), mac: '', marks: [] }
      const batch = await store.tail(keys.audit(project), head.place, BATCH)
      const place = batch.at(-1)?.place
      if (place === undefined) return { result: 0 }
      const { lines, marks, end } = linesOf(project, head, batch)
      const after: AuditHead = { ...end, place, mac: macOf(digests, project, end), marks }
      return {
        result: batch.length,
        change: {
          expect: project === INSTANCE ? [unchanged(present)] : [present, space].map(unchanged),
          put: [put(present.key, after)],
          append: lines.map((line) => ({
            log: keys.auditChain(project),
            item: JSON.stringify(line),
            keep: stored,
          })),
        },
      }
    })

  /** Everything that lies there now. */
  const seal = async (project: ProjectId): Promise<void> => {
    while ((await sealSome(project)) === BATCH);
  }

  return { seal }
}

export type Sealer = ReturnType<typeof createSealer>
