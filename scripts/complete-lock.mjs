#!/usr/bin/env node
/**
 * `npm install` against a registry that mirrors one platform only drops the optional packages of all others from
 * package-lock.json, and `npm ci` then refuses that file everywhere. This puts them back: name, version, platform.
 * Usage: node scripts/complete-lock.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs'

const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const CPU = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

const platformOf = (name) => {
  const words = name.split(/[-/]/)
  const os = OS.filter((word) => words.includes(word))
  const cpu = CPU.filter((word) => words.includes(word))
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : []
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(os.length > 0 ? { os } : {}),
    ...(libc.length > 0 ? { libc } : {}),
  }
}

const path = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(path, 'utf8'))
const { packages } = lock
let added = 0
for (const [place, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const nested = `${place}/node_modules/${name}`
    const top = `node_modules/${name}`
    if (packages[nested] !== undefined || packages[top] !== undefined) continue
    const platform = platformOf(name)
    if (platform.os === undefined && platform.cpu === undefined) continue
    packages[top] = {
      version: version.replace(/^[\^~]/, ''),
      ...platform,
      ...(dev ? { dev: true } : {}),
      optional: true,
    }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${added} packages of other platforms put back\n`)
