/** An invariant that a history breaks, and where. */
export type Violation = {
  /** I1 to I10. */
  readonly invariant: string
  readonly device?: string
  readonly what: string
}
