import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { newSecret } from '../../shared/registry/index.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const COUNT = 200_000

const filesUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(join(ROOT, path)).isDirectory()) return filesUnder(path)
    return name.endsWith('.ts') ? [path] : []
  })

/** Chi-square over the letters at one place, if all `letters` of them are as likely. */
const unevenness = (at: ReadonlyMap<string, number>, letters: number): number =>
  [...at.values()].reduce((sum, count) => sum + (count - COUNT / letters) ** 2, 0) /
  (COUNT / letters)

// research/security.md S63.
test('of 200 000 secrets none is another one, and at every place every letter is as likely', () => {
  const seen = new Set<string>()
  const places = Array.from({ length: 43 }, () => new Map<string, number>())
  for (let i = 0; i < COUNT; i++) {
    const secret = newSecret()
    seen.add(secret)
    for (const [place, at] of places.entries()) {
      const letter = secret.charAt(place)
      at.set(letter, (at.get(letter) ?? 0) + 1)
    }
  }
  expect(seen.size).toBe(COUNT)
  for (const [place, at] of places.entries()) {
    // 256 bits in 43 letters of six: the last has four.
    const letters = place === 42 ? 16 : 64
    expect([place, at.size]).toEqual([place, letters])
    // Of 63 degrees of freedom: mean 63, standard deviation 11; this is ten of them.
    expect(unevenness(at, letters)).toBeLessThan(175)
  }
})

test('nothing but waiting times comes from a generator that can be foretold', () => {
  const files = ['shared', 'broker', 'gateway', 'cli'].flatMap(filesUnder)
  const asking = files.filter((file) =>
    readFileSync(join(ROOT, file), 'utf8').includes('Math.random('),
  )
  expect(files.length).toBeGreaterThan(300)
  // How long to wait before trying again: nobody gains by knowing it.
  expect(asking).toEqual(['shared/store/redis/connect.ts', 'shared/store/transact.ts'])
})
