/**
 * The store cannot answer: down, timed out, full, or contended beyond the retry bound.
 * The only exception the rooms above the store have to expect; edges turn it into 503 or a
 * withheld PUBACK. Never carries a key or a value.
 */
export class StoreDown extends Error {
  readonly code = 'STORE_DOWN'

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'StoreDown'
  }
}

/** What lies under a key is not what we wrote there. Whose it is is refused, as in an outage; everybody else is not concerned. */
export class RecordUnreadable extends StoreDown {
  constructor() {
    super('a stored record cannot be read')
  }
}

/** The store can be reached but must not be used as it is; every fault is named for the operator. */
export class StoreUnfit extends Error {
  readonly code = 'STORE_UNFIT'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.name = 'StoreUnfit'
    this.faults = faults
  }
}
