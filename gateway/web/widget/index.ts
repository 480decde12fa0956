import { LatchkeyClaim } from './element.ts'

export { type ClaimedDetail, LatchkeyClaim } from './element.ts'
export { type Label, readFragment } from './label.ts'
export type { TokenSource } from './server.ts'

declare global {
  interface HTMLElementTagNameMap {
    'latchkey-claim': LatchkeyClaim
  }
}

// A page may load the module twice, as a script and as a part of its own bundle: the first one counts.
if (globalThis.customElements?.get('latchkey-claim') === undefined)
  globalThis.customElements?.define('latchkey-claim', LatchkeyClaim)
