import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { keys } from '../../shared/store/keys.ts'
import { openRedis } from '../../shared/store/redis/store.ts'
import { put } from '../../shared/store/transact.ts'
import { customer, makeDevice, signIn } from '../support/api.ts'
import { folder, PROGRAM, spawnServer, startProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { acknowledged, startStage } from './stage.ts'

const V1 = '/latchkey/v1'
const NEWER = 99
/** A commit of an older version, to run beside this one. */
const OLD = process.env.LATCHKEY_OLD

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** The program of a commit, built in a folder of its own. */
const built = (commit: string): string => {
  const root = resolve('.')
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-old-'))
  endings.push(() => rmSync(dir, { recursive: true, force: true }))
  const archive = execFileSync('git', ['archive', commit], { maxBuffer: 256 * 1024 * 1024 })
  execFileSync('tar', ['-x', '-C', dir], { input: archive })
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  const tsc = [join(root, 'node_modules/.bin/tsc'), '-p', join(dir, 'tsconfig.build.json')]
  execFileSync(process.execPath, tsc, { cwd: dir })
  execFileSync(process.execPath, [join(dir, 'scripts/bundle-web.mjs')], { cwd: dir })
  return join(dir, 'dist/main.js')
}

describeWithRedis('two versions of the program on one Redis', () => {
  const redisServer = async () => {
    const redis = await startRedis()
    endings.push(() => redis.stop())
    return redis
  }

  test('an older one does not start on a store of a newer one, and says so; one that runs already goes on', async () => {
    const redis = await redisServer()
    const place = folder()
    endings.push(place.drop)
    const running = await startProcess(place.path, { LATCHKEY_STORE: redis.url })
    endings.push(async () => {
      running.kill('SIGKILL')
      await running.exited
    })
    const store = await openRedis({ url: redis.url })
    await store.commit({ put: [put(keys.schema(), { version: NEWER })] })
    await store.close()
    const late = spawnServer(place.path, { LATCHKEY_STORE: redis.url })
    expect(await late.exited).toBe(2)
    expect(late.said().err).toContain('newer program')
    expect(late.said().err).not.toMatch(/^\s+at /m)
    const device = await makeDevice(await signIn(running.httpUrl), { claimCode: 'label' })
    const ada = await customer(running.httpUrl)
    const claim = await ada.post(`${V1}/claims`, { device: device.id, secret: 'label' })
    expect(claim.status).toBe(201)
  })

  // A long form of its own, as `npm run faults` is: without an older version there is nothing to run.
  for (const older of OLD === undefined ? [] : [OLD])
    test(`this one and ${older}: claims on both, and nothing acknowledged is lost`, async () => {
      const redis = await redisServer()
      const old = built(older)
      const stage = await startStage({
        ...{ url: redis.url, seed: 19 },
        program: (place) => (place === 0 ? old : PROGRAM),
      })
      endings.push(stage.close)
      await stage.playDuring(() => acknowledged(stage, 100, 60_000))
      expect(await stage.violations()).toEqual([])
    }, 180_000)
})
