import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** A content coding (RFC 9110, 8.4.1), the best first. `identity` is always there. */
const CODINGS = ['br', 'gzip', 'identity'] as const
type Coding = (typeof CODINGS)[number]

/** The bytes of a file in one coding, and the entity tag of just these bytes. */
export type Variant = { readonly coding: Coding; readonly bytes: Buffer; readonly etag: string }

/** A file that browsers get, read and compressed once. */
export type Asset = { readonly type: string; readonly variants: readonly Variant[] }

const TYPES = {
  'claim.html': 'text/html; charset=utf-8',
  'claim.css': 'text/css; charset=utf-8',
  'claim.js': 'text/javascript; charset=utf-8',
  'widget.js': 'text/javascript; charset=utf-8',
  'console.html': 'text/html; charset=utf-8',
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'console-chunk.js': 'text/javascript; charset=utf-8',
  'console-labels.js': 'text/javascript; charset=utf-8',
  'letters.html': 'text/html; charset=utf-8',
  'letters.css': 'text/css; charset=utf-8',
  'letters.js': 'text/javascript; charset=utf-8',
  'docs.html': 'text/html; charset=utf-8',
  'docs.css': 'text/css; charset=utf-8',
  'docs.js': 'text/javascript; charset=utf-8',
} as const

export type AssetName = keyof typeof TYPES

/** Where `scripts/bundle-web.mjs` puts them: beside this file when it is compiled, else where a build would. */
const FOLDERS = ['./assets/', '../../dist/gateway/web/assets/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
)

const pack = { br: promisify(brotliCompress), gzip: promisify(gzip) }
const BEST = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }

const variantOf = async (bytes: Buffer, coding: Coding): Promise<Variant> => {
  const packed =
    coding === 'identity'
      ? bytes
      : coding === 'br'
        ? await pack.br(bytes, BEST)
        : await pack.gzip(bytes, { level: 9 })
  const digest = createHash('sha256').update(packed).digest('base64url').slice(0, 22)
  return { coding, bytes: packed, etag: `"${digest}"` }
}

/** Bytes as browsers get them. */
export const assetOf = async (type: string, bytes: Buffer): Promise<Asset> => ({
  type,
  variants: await Promise.all(CODINGS.map((coding) => variantOf(bytes, coding))),
})

/** Reads these. `undefined`: they were not built. */
export const loadAssets = async <Name extends AssetName>(
  ...names: readonly Name[]
): Promise<Readonly<Record<Name, Asset>> | undefined> => {
  const folder = FOLDERS.find((path) => names.every((name) => existsSync(path + name)))
  if (folder === undefined) return undefined
  const rows = names.map(async (name) => {
    return [name, await assetOf(TYPES[name], await readFile(folder + name))] as const
  })
  return Object.fromEntries(await Promise.all(rows)) as Record<Name, Asset>
}

const LONGEST_HEADER = 256

/** The codings that a client takes: RFC 9110, 12.5.3. `*` counts for nothing; a weight of 0 refuses. */
const takenBy = (header: string): ReadonlySet<string> => {
  const words = header.slice(0, LONGEST_HEADER).toLowerCase().split(',')
  return new Set(
    words.flatMap((word) => {
      const [name = '', weight = ''] = word.split(';').map((part) => part.trim())
      return /^q=0(\.0*)?$/.test(weight) ? [] : [name]
    }),
  )
}

/** The best variant for a client's `Accept-Encoding`. */
export const variantFor = ({ variants }: Asset, header: string | undefined): Variant => {
  const taken = takenBy(header ?? '')
  const best = variants.find(({ coding }) => coding === 'identity' || taken.has(coding))
  if (best === undefined) throw new RangeError('an asset without its own bytes')
  return best
}
