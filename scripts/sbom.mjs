#!/usr/bin/env node
// What a server is made of, as CycloneDX 1.5, out of the lock file alone: `node scripts/sbom.mjs > sbom.json`.
// `npm sbom --omit dev` leaves out what both we and a tool of ours need.
import { readFileSync } from 'node:fs'

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))
const { name, version, license } = read('package.json')

const purlOf = (of, at) => `pkg:npm/${of.replace(/^@/, '%40')}@${at}`

const component = ([path, locked]) => {
  const of = path.replace(/^.*node_modules\//, '')
  const purl = purlOf(of, locked.version)
  const [algorithm, digest] = locked.integrity?.split('-') ?? []
  return {
    type: 'library',
    'bom-ref': `${purl}#${path}`,
    name: of,
    version: locked.version,
    purl,
    scope: locked.optional ? 'optional' : 'required',
    ...(digest === undefined
      ? {}
      : {
          hashes: [
            {
              alg: algorithm.replace('sha', 'SHA-'),
              content: Buffer.from(digest, 'base64').toString('hex'),
            },
          ],
        }),
    ...(locked.license === undefined ? {} : { licenses: [{ expression: locked.license }] }),
  }
}

const components = Object.entries(read('package-lock.json').packages)
  .filter(([path, { dev }]) => path !== '' && dev !== true)
  .map(component)

const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: {
    component: {
      type: 'application',
      'bom-ref': purlOf(name, version),
      name,
      version,
      licenses: [{ expression: license }],
    },
  },
  components,
}
process.stdout.write(`${JSON.stringify(bom, undefined, 1)}\n`)
