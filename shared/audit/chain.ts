import { createHash } from 'node:crypto'
import type { AuditEvent, AuditLine, Mark } from './records.ts'

/** JSON with the members of every object in the order of their names (as RFC 8785 has it for strings and integers). */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** What stands before the first line of a project's chain. */
export const beginning = (project: string): Mark => ({
  seq: 0,
  hash: sha256(`latchkey audit\n${project}`),
})

const hashOf = (prev: string, content: object): string => sha256(`${prev}\n${canonical(content)}`)

/** The next line of a chain. */
export const chained = (head: Mark, event: AuditEvent): AuditLine => {
  const content = { ...event, seq: head.seq + 1 }
  return { ...content, prev: head.hash, hash: hashOf(head.hash, content) }
}

/** How far a chain has been looked at. `first`: its oldest line; `cut`: the newest line that may be gone, as the chain says. */
export type Seen = Mark & {
  readonly project: string
  readonly first: number
  readonly cut: Mark
}

const isLine = (value: unknown): value is AuditLine => {
  const { seq, prev, hash, project } = (value ?? {}) as Partial<Record<keyof AuditLine, unknown>>
  return (
    Number.isSafeInteger(seq) && [prev, hash, project].every((text) => typeof text === 'string')
  )
}

/** Looks at one more line. A text: what is wrong with it. */
export const follow = (seen: Seen | undefined, value: unknown): Seen | string => {
  if (!isLine(value)) return 'is no line of an audit log'
  const { prev, hash, ...content } = value
  const { seq, project, cut } = content
  if (hashOf(prev, content) !== hash) return `line ${seq} has been changed`
  if (seen === undefined) {
    const start = beginning(project)
    if (seq < 1 || (seq === 1 && prev !== start.hash)) return `line ${seq} is no beginning`
    return { seq, hash, project, first: seq, cut: start }
  }
  if (project !== seen.project) return `line ${seq} is of another project`
  if (seq !== seen.seq + 1) return `line ${seq} comes after line ${seen.seq}`
  if (prev !== seen.hash) return `line ${seq} does not follow from line ${seen.seq}`
  return { ...seen, seq, hash, cut: cut ?? seen.cut }
}

/** Whether a chain that does not begin with line 1 says itself that the lines before may be gone. */
export const startFault = ({ first, cut }: Seen): string | undefined =>
  first <= cut.seq + 1 ? undefined : `lines ${cut.seq + 1} to ${first - 1} are missing`
