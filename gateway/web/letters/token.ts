/** Takes the token out of the address bar and the history, at once. `undefined`: there is none. */
export const takeToken = (): string | undefined => {
  const token = location.hash.slice(1)
  if (token === '') return undefined
  history.replaceState(history.state, '', `${location.pathname}${location.search}`)
  return token
}

const PROJECT_BYTES = 16

/** The id of the project that a token says it belongs to, also when it is good for nothing any more. */
export const projectOf = (token: string): string | undefined => {
  try {
    const text = atob(token.slice(0, 22).replaceAll('-', '+').replaceAll('_', '/'))
    if (text.length < PROJECT_BYTES) return undefined
    const hex = [...text.slice(0, PROJECT_BYTES)]
      .map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'))
      .join('')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  } catch {
    // It is no base64url.
    return undefined
  }
}
