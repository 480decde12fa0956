import type { ProjectId } from '../model/ids.ts'

/** Where a project wants its events told. Its key is derived from its id. */
export type Webhook = {
  readonly id: string
  readonly project: ProjectId
  readonly url: string
  readonly description: string
  /** Types of events that are wanted; absent: all. */
  readonly events?: readonly string[]
  readonly createdAt: number
}

/** How far a webhook has been told, and who is telling it. */
export type Progress = {
  /** In the feed of the project: everything up to here is told, or given up. */
  readonly place?: string
  /** How often the next one was tried. */
  readonly tries: number
  readonly dueAt: number
  /** Why the last try failed. */
  readonly failure?: string
  /** The node that tells it, for so long. */
  readonly teller?: { readonly node: string; readonly until: number }
}
