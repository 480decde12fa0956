import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { MayReach } from './networks.ts'

/** What came of a call: an answer's status, or why there was none, in a word without anything secret. */
export type Answer =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'failed'; readonly cause: string }

export type Call = {
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly mayReach: MayReach
  /** Aborted: it is over, whatever it has come to. */
  readonly signal: AbortSignal
}

/** From the beginning to the head of the answer. */
export const CALL_MS = 10_000
const FORBIDDEN = 'EFORBIDDEN'

const forbidden = () => Object.assign(new Error('not a public address'), { code: FORBIDDEN })

/** Looks a name up once, and connects only to addresses that were looked at: no second answer can slip in between. */
const pinned =
  (mayReach: MayReach): LookupFunction =>
  (host, options, done) => {
    const all: LookupAllOptions = { all: true, order: 'verbatim' }
    lookup(host, all, (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => {
      if (error) return done(error, '')
      const [first, ...others] = addresses.filter(({ address }) => mayReach(address))
      if (first === undefined) return done(forbidden(), '')
      if (options.all) return done(null, [first, ...others])
      done(null, first.address, first.family)
    })
  }

const codeOf = (error: Error & { code?: unknown }): string =>
  typeof error.code === 'string' ? error.code : error.name

/**
 * Posts to an address that somebody chose who is not us. Redirects are not followed, the answer's body is not read, nothing
 * lasts longer than ten seconds.
 */
export const post = ({ url, body, headers, mayReach, signal }: Call): Promise<Answer> =>
  new Promise((resolve) => {
    const target = new URL(url)
    const host = target.hostname.replace(/^\[|\]$/g, '')
    const fail = (cause: string) => resolve({ kind: 'failed', cause })
    // No name, so nothing is looked up.
    if (isIP(host) !== 0 && !mayReach(host)) return fail(FORBIDDEN)
    const bytes = Buffer.from(body)
    const options: RequestOptions = {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': bytes.length },
      lookup: pinned(mayReach),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    }
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(target, options, (response) => {
      resolve({ kind: 'answered', status: response.statusCode ?? 0 })
      request.destroy()
    })
    request.on('error', (error) => fail(codeOf(error)))
    request.end(bytes)
  })
