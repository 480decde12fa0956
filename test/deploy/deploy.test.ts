import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { readConfig, SETTINGS } from '../../shared/config.ts'
import { VERSION } from '../../shared/version.ts'
import { folder } from '../support/process.ts'
import { startServer } from '../support/server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const isSetting = (name: string) => SETTINGS.some((known) => known === name)

/** Settings as a file gives them; faults that are about another machine's files are not the file's. */
const faultsOf = (settings: Readonly<Record<string, string>>) => {
  const { path, drop } = folder()
  const config = readConfig(settings, path)
  drop()
  return 'faults' in config ? config.faults : []
}

type Line = { readonly name: string; readonly rest: string }

/** Instructions of a Dockerfile, in order; lines that go on are put together. */
const instructions = (): Line[] =>
  read('deploy/Dockerfile')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const at = line.indexOf(' ')
      return { name: line.slice(0, at), rest: line.slice(at + 1) }
    })

describe('the image', () => {
  const lines = instructions()
  const of = (name: string) => lines.filter((line) => line.name === name).map(({ rest }) => rest)
  const last = lines.map(({ name }) => name).lastIndexOf('FROM')
  const final = lines.slice(last)
  const inFinal = (name: string) =>
    final.filter((line) => line.name === name).map(({ rest }) => rest)

  test('is built on one pinned Node of the supported kind', () => {
    const bases = of('FROM').map((rest) => rest.split(' ')[0])
    expect(new Set(bases).size).toBe(1)
    expect(bases[0]).toMatch(/^node:20\.\d+\.\d+-[a-z]+-slim$/)
  })

  test('does not run as root, and has its data outside', () => {
    expect(inFinal('USER')).toEqual(['1000:1000'])
    const names = final.map(({ name }) => name)
    for (const name of ['RUN', 'ADD']) expect(names).not.toContain(name)
    expect(names.indexOf('USER')).toBeLessThan(names.indexOf('ENTRYPOINT'))
    expect(inFinal('VOLUME')).toEqual(['/data'])
    expect(inFinal('HEALTHCHECK')[0]).toContain('CMD ["node", "health.mjs"]')
    // In brackets: no shell stands between it and SIGTERM.
    expect(inFinal('ENTRYPOINT')).toEqual(['["node", "dist/main.js"]'])
  })

  test('installs what the lock file names, without scripts', () => {
    const installs = of('RUN').filter((rest) => rest.includes('npm ') && !rest.includes('build'))
    expect(installs.length).toBe(2)
    for (const install of installs) expect(install).toMatch(/^npm ci --ignore-scripts/)
    expect(read('deploy/Dockerfile')).not.toMatch(/npm install|curl |wget |:latest/)
  })

  test('sets only what there is to set, and rightly', () => {
    const given = Object.fromEntries(
      of('ENV')
        .flatMap((rest) => rest.split(/\s+/))
        .map((pair) => pair.split('=') as [string, string]),
    )
    const ours = Object.keys(given).filter((name) => name.startsWith('LATCHKEY_'))
    expect(ours.length).toBeGreaterThan(3)
    for (const name of ours) expect([name, isSetting(name)]).toEqual([name, true])
    expect(faultsOf(given)).toEqual([])
    for (const name of ['LATCHKEY_KEY_FILE', 'LATCHKEY_STORE', 'LATCHKEY_MAIL'])
      expect(given[name]).toContain('/data/')
  })

  test('is given no more than it needs: everything it copies is let in, and nothing private is', () => {
    const ignored = read('.dockerignore').split('\n')
    expect(ignored).toContain('*')
    const copied = of('COPY')
      .filter((rest) => !rest.includes('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1))
      .filter((name) => name !== '.')
    for (const name of copied) {
      expect([name, existsSync(join(ROOT, name))]).toEqual([name, true])
      expect([name, ignored.includes(`!${name}`)]).toEqual([name, true])
    }
    // What the build reads: tsconfig.build.json and the bundler.
    const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] }
    for (const name of include)
      expect([name, ignored.includes(name.includes('*') ? `!${name}` : `!${name}/**`)]).toEqual([
        name,
        true,
      ])
    for (const name of ['!.git', '!.env', '!data/**', '!test/**'])
      expect(ignored).not.toContain(name)
  })
})

describe('health.mjs', () => {
  const health = (env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [join(ROOT, 'deploy/health.mjs')], { env, timeout: 10_000 }).status

  test('ends with 0 for a server that lives, and with 1 for none', async () => {
    const server = await startServer()
    const { port } = new URL(server.httpUrl)
    const env = { LATCHKEY_HTTP_PORT: port }
    // Not in step: the server is this process.
    const asked = spawn(process.execPath, [join(ROOT, 'deploy/health.mjs')], { env })
    expect((await once(asked, 'exit'))[0]).toBe(0)
    await server.close()
    expect(health({ LATCHKEY_HTTP_PORT: port })).toBe(1)
    expect(health({ LATCHKEY_HTTP_PORT: port, LATCHKEY_ROLE: 'broker' })).toBe(0)
  })
})

describe('compose.yaml', () => {
  const { services } = parse(read('deploy/compose.yaml'))

  test('has a Redis that loses and evicts nothing, which nobody outside can reach', () => {
    const command = services.redis.command.join(' ')
    for (const words of ['--appendonly yes', '--maxmemory-policy noeviction'])
      expect(command).toContain(words)
    expect(services.redis.ports).toBeUndefined()
    expect(services.redis.networks).toEqual(['store'])
    expect(services.redis.image).toMatch(/^redis:\d+\.\d+\.\d+-/)
  })

  test('sets only what there is to set, and rightly', () => {
    const given: Record<string, string> = services.latchkey.environment
    for (const name of Object.keys(given)) expect([name, isSetting(name)]).toEqual([name, true])
    const filled = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        value.replace(/^\$\{\w+:-(.*)\}$/, '$1'),
      ]),
    )
    expect(faultsOf(filled)).toEqual([])
  })

  test('gives no rights that are not needed', () => {
    for (const service of Object.values(services) as Record<string, unknown>[]) {
      expect(service.read_only).toBe(true)
      expect(service.cap_drop).toEqual(['ALL'])
      expect(service.security_opt).toEqual(['no-new-privileges:true'])
      expect(service.privileged).toBeUndefined()
    }
    const [mqtt, http] = services.latchkey.ports
    expect([mqtt, http]).toEqual(['1883:1883', '127.0.0.1:8080:8080'])
    expect(services.latchkey.volumes).toEqual(['latchkey:/data'])
  })
})

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0

describe('the unit', () => {
  const unit = read('deploy/systemd/latchkey.service')
  const values = (name: string) =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value)

  test('sets only what there is to set, and rightly', () => {
    const given = Object.fromEntries(
      values('Environment').map((pair) => pair?.split('=') as [string, string]),
    )
    const ours = Object.keys(given).filter((name) => name.startsWith('LATCHKEY_'))
    for (const name of ours) expect([name, isSetting(name)]).toEqual([name, true])
    expect(faultsOf(given)).toEqual([])
    expect(values('RestartPreventExitStatus')).toEqual(['2'])
  })

  // Systemd's own opinion; containers have none. Names and values are looked at above, everywhere.
  const check = hasAnalyze ? test : test.skip
  const withUnit = (run: (path: string) => void) => {
    const { path, drop } = folder()
    const file = join(path, 'latchkey.service')
    // Node lies elsewhere on this machine.
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath))
    run(file)
    drop()
  }

  check('is what systemd understands', () => {
    withUnit((file) => {
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file])
      const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('latchkey'))
      expect(said).toEqual([])
    })
  })

  check('is exposed to little, as systemd itself judges (0 is best, 10 worst)', () => {
    withUnit((file) => {
      const { status, stdout } = spawnSync('systemd-analyze', [
        'security',
        '--offline=true',
        '--threshold=20',
        '--no-pager',
        file,
      ])
      expect([stdout.toString().split('\n').at(-2), status]).toEqual([expect.any(String), 0])
    })
  })
})

test('every setting is told of', () => {
  const told = read('README.md') + read('docs/operations.md')
  expect(
    SETTINGS.filter((name) => !told.includes(`\`${name}\``) && !told.includes(`${name}=`)),
  ).toEqual([])
})

test('the version is the one of the package', () => {
  expect(VERSION).toBe(JSON.parse(read('package.json')).version)
})
