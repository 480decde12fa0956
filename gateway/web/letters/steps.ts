import type { Failure, Kind, Letter } from './server.ts'

/** What the page shows. */
export type Step =
  | { readonly kind: 'looking' }
  /** Asks for the address that a letter is sent to. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'open'; readonly letter: Letter }
  | { readonly kind: 'failed'; readonly failure: Failure | 'no-token' }
  | { readonly kind: 'done'; readonly of: Kind | 'forgotten' | 'denied'; readonly project?: string }
