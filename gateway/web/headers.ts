/** What the claim page may load and do: our own files, our own API, pictures that a person chooses. */
const policyFor = (frameOrigins: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameOrigins.length === 0 ? "'none'" : frameOrigins.join(' ')}`,
    // No text ever becomes markup or code.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

/** The headers of the page. `X-Frame-Options` is for browsers that do not know `frame-ancestors`. */
export const pageHeaders = (frameOrigins: readonly string[]): Readonly<Record<string, string>> => ({
  'content-security-policy': policyFor(frameOrigins),
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
  'cross-origin-opener-policy': 'same-origin',
  ...(frameOrigins.length === 0 ? { 'x-frame-options': 'DENY' } : {}),
})

/** The headers of a page that stands in no frame and needs no camera. */
export const readingHeaders: Readonly<Record<string, string>> = {
  ...pageHeaders([]),
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}

/** A script that any page may load: there is nothing of anybody in it. */
export const scriptHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
}
