import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'

/** What TLS needs, read from its files. */
export type TlsFiles = { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer }

/** The files cannot be used; says why, never what is in them. */
export class TlsUnfit extends Error {
  readonly code = 'TLS_UNFIT'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'TlsUnfit'
  }
}

type Paths = { readonly cert: string; readonly key: string; readonly ca?: string }

const attempt = <T>(what: string, step: () => T): T => {
  try {
    return step()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new TlsUnfit(`${what} (${code ?? message})`, cause)
  }
}

/** Reads the files and tries whether they fit together. Throws `TlsUnfit`. */
export const readTls = ({ cert, key, ca }: Paths): TlsFiles => {
  const own = {
    cert: attempt(`${cert}: cannot be read`, () => readFileSync(cert)),
    key: attempt(`${key}: cannot be read`, () => readFileSync(key)),
  }
  attempt(`${cert}, ${key}: are no certificate and its key in PEM`, () => createSecureContext(own))
  if (ca === undefined) return own
  const authority = attempt(`${ca}: cannot be read`, () => readFileSync(ca))
  attempt(`${ca}: is no certificate in PEM`, () => new X509Certificate(authority))
  return { ...own, ca: authority }
}
