import { SCOPES, type Scope } from '../../../shared/registry/attributes.ts'

export { SCOPES, type Scope } from '../../../shared/registry/attributes.ts'

/** A scope by its word. `undefined`: there is none. */
export const scopeOf = (word: string): Scope | undefined => SCOPES.find((scope) => scope === word)
