/** Where attributes lie there: research/thingsboard.md 1.5. */
export const SCOPES = ['SERVER_SCOPE', 'SHARED_SCOPE', 'CLIENT_SCOPE'] as const
export type Scope = (typeof SCOPES)[number]

/** A scope by its word. `undefined`: there is none. */
export const scopeOf = (word: string): Scope | undefined => SCOPES.find((scope) => scope === word)
