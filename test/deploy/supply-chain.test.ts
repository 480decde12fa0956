import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'))

type Locked = {
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly link?: boolean
  readonly engines?: { readonly node?: string }
}

const own = read('package.json')
const locked = Object.entries(read('package-lock.json').packages as Record<string, Locked>).flatMap(
  ([path, one]) =>
    path === '' ? [] : [{ ...one, path, name: path.replace(/^.*node_modules\//, '') }],
)
const shipped = locked.filter(({ dev }) => dev !== true)

/** research/security.md S136: from which version on a known hole is closed. */
const AT_LEAST: Readonly<Record<string, string>> = {
  aedes: '1.2.0',
  'aedes-persistence': '11.0.0',
  fastify: '5.12.1',
  ajv: '8.18.0',
  ws: '8.17.1',
}
/** What was left out on purpose: nothing of it may come in by the way of something else. */
const NEVER = [
  'fast-jwt',
  'jsonwebtoken',
  '@fastify/jwt',
  'mqemitter-redis',
  'aedes-persistence-redis',
]
/** Licences that what we ship may have: with a notice, without any other condition on whoever uses us. */
const LICENCES = new Set([
  ...['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'MIT-0'],
  ...['BlueOak-1.0.0', '(MIT OR Apache-2.0)', 'MIT OR Apache-2.0'],
])
/** These build themselves where no build for the machine was found; `npm ci --ignore-scripts` works all the same. */
const INSTALL_SCRIPTS = {
  shipped: ['lmdb', 'msgpackr-extract'],
  dev: ['@parcel/watcher', '@swc/core', 'core-js', 'esbuild'],
}

const parts = (version: string): readonly number[] => version.split(/[.-]/).slice(0, 3).map(Number)
const isBelow = (version: string, least: string): boolean => {
  const [one, other] = [parts(version), parts(least)]
  const place = one.findIndex((part, at) => part !== other[at])
  return place >= 0 && (one[place] ?? 0) < (other[place] ?? 0)
}

const NODE = { major: 20, minor: 19 }

/** Whether a range of versions, as packages write it, has the oldest Node in it. */
const runsOn = (range = '*'): boolean =>
  range.split('||').some((part) => {
    const [, sign = '', major = '0', minor = '0'] =
      /^\s*([>=^~]*)\s*v?(\d+)?(?:\.(\d+))?/.exec(part) ?? []
    const [least, from] = [Number(major), Number(minor)]
    const isSame = least === NODE.major && from <= NODE.minor
    return isSame || (least < NODE.major && !sign.startsWith('^') && !sign.startsWith('~'))
  })

describe('what we are made of', () => {
  test('has no version with a known hole, also where something else brings it', () => {
    for (const [name, least] of Object.entries(AT_LEAST)) {
      const versions = shipped.filter((one) => one.name === name).map(({ version }) => version)
      expect([name, versions.length > 0]).toEqual([name, true])
      expect(versions.filter((version) => isBelow(version, least))).toEqual([])
    }
    expect(shipped.filter(({ name }) => NEVER.includes(name))).toEqual([])
  })

  test('is pinned exactly, comes from the registry and is known by its digest', () => {
    const wanted = { ...own.dependencies, ...own.devDependencies }
    for (const [name, version] of Object.entries(wanted))
      expect([name, version]).toEqual([
        name,
        expect.stringMatching(/^(npm:@?[\w/.-]+@)?\d+\.\d+\.\d+$/),
      ])
    for (const { path, resolved, integrity, link, optional } of locked) {
      expect([path, link]).toEqual([path, undefined])
      // Builds for other machines than the one that wrote the lock file may be without.
      if (integrity !== undefined || !optional) expect(integrity).toMatch(/^sha512-/)
      // Which registry is the installer's affair; the digest is ours.
      expect(resolved ?? 'https://').toMatch(/^https:/)
    }
  })

  test('runs no install script but these', () => {
    const scripts = (all: readonly (typeof locked)[number][]) =>
      all.flatMap(({ name, hasInstallScript }) => (hasInstallScript ? [name] : [])).toSorted()
    expect(scripts(shipped)).toEqual(INSTALL_SCRIPTS.shipped)
    expect(scripts(locked.filter(({ dev }) => dev === true))).toEqual(INSTALL_SCRIPTS.dev)
  })

  test('has licences that go with ours', () => {
    const licenceOf = ({ license, path }: (typeof locked)[number]): string => {
      if (license !== undefined) return license
      // Builds for other machines are not always described: they have the licence of what they are a build of.
      const of = /^node_modules\/@([\w-]+)\/\1-[\w-]+$/.exec(path)?.[1]
      return locked.find(({ name }) => name === of)?.license ?? `${path}: none`
    }
    expect(shipped.map(licenceOf).filter((licence) => !LICENCES.has(licence))).toEqual([])
  })

  // research/security.md S137.
  test('runs on the oldest Node that we promise', () => {
    expect(own.engines.node).toBe(`>=${NODE.major}.${NODE.minor}`)
    for (const { path, engines } of shipped)
      expect([path, engines?.node, runsOn(engines?.node)]).toEqual([path, engines?.node, true])
  })

  test('is listed in CycloneDX, all of it, out of the lock file alone', () => {
    const script = join(ROOT, 'scripts/sbom.mjs')
    const { bomFormat, specVersion, components } = JSON.parse(
      execFileSync(process.execPath, [script], { encoding: 'utf8', maxBuffer: 16 * 2 ** 20 }),
    )
    expect([bomFormat, specVersion]).toEqual(['CycloneDX', '1.5'])
    type Component = { readonly name: string; readonly version: string; readonly purl: string }
    const spelled = (all: readonly Pick<Component, 'name' | 'version'>[]) =>
      all.map(({ name, version }) => `${name} ${version}`).toSorted()
    expect(spelled(components)).toEqual(spelled(shipped))
    const names = (components as Component[]).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(Object.keys(own.dependencies)))
    const [scoped] = (components as Component[]).filter(({ name }) => name === '@fastify/formbody')
    expect(scoped?.purl).toBe(
      `pkg:npm/%40fastify/formbody@${own.dependencies['@fastify/formbody']}`,
    )
  })
})
