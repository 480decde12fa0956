import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from '@jest/globals'

const isThere = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0

/** Like `describe`, reported as skipped by name where there is no `openssl`; with `CI=true` that is a failure. */
export const describeWithOpenssl = (name: string, define: () => void): void => {
  if (isThere) describe(name, define)
  else if (process.env.CI !== 'true')
    describe.skip(`${name} (skipped: there is no openssl)`, define)
  else
    test(`${name}: openssl is needed, because CI=true`, () => {
      throw new Error('there is no openssl in PATH')
    })
}

/** A certificate and its key, as files and as what is in them. */
export type Certificate = {
  readonly certPath: string
  readonly keyPath: string
  readonly cert: Buffer
  readonly key: Buffer
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const NEW_RSA_KEY = ['-newkey', 'rsa:2048', '-nodes']

/** A certificate authority of our own in a folder. Names must be file names. */
export const createAuthority = (folder: string, name = 'ca') => {
  const at = (file: string) => join(folder, file)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const read = (of: string): Certificate => ({
    certPath: at(`${of}.pem`),
    keyPath: at(`${of}.key`),
    cert: readFileSync(at(`${of}.pem`)),
    key: readFileSync(at(`${of}.key`)),
  })
  const files = (of: string) => ['-keyout', at(`${of}.key`), '-subj', `/CN=${of}`]
  openssl('req', '-x509', ...NEW_KEY, ...files(name), '-days', '2', '-out', at(`${name}.pem`))

  /** Signs a new certificate for `127.0.0.1`; `days`: how long it is good. */
  const issue = (of: string, days = 2, newKey: readonly string[] = NEW_KEY): Certificate => {
    writeFileSync(at(`${of}.ext`), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    openssl('req', ...newKey, ...files(of), '-out', at(`${of}.csr`))
    openssl(
      ...['x509', '-req', '-in', at(`${of}.csr`), '-out', at(`${of}.pem`)],
      ...['-CA', at(`${name}.pem`), '-CAkey', at(`${name}.key`), '-CAcreateserial'],
      ...['-days', String(days), '-extfile', at(`${of}.ext`)],
    )
    return read(of)
  }
  return { ...read(name), issue, issueRsa: (of: string) => issue(of, 2, NEW_RSA_KEY) }
}

export type Authority = ReturnType<typeof createAuthority>
