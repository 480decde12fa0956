/** What became of a message. `cause` is for the log: a code or a status, never an address, a text or a credential. */
export type Carried =
  | { readonly state: 'sent' }
  | { readonly state: 'failed'; readonly isFinal: boolean; readonly cause: string }

/**
 * Brings messages on their way. `name` is the same at every try of one message, for whoever can tell repeats by it.
 * Settles soon after `signal`; never rejects for what the other side does.
 */
export type Carrier<Message> = {
  readonly carry: (message: Message, name: string, signal: AbortSignal) => Promise<Carried>
}

export const SENT: Carried = { state: 'sent' }

/** Not this time. */
export const postponed = (cause: string): Carried => ({ state: 'failed', isFinal: false, cause })

/** Not this time nor any other. */
export const declined = (cause: string): Carried => ({ state: 'failed', isFinal: true, cause })
