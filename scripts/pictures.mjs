import { copyFileSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const TAKEN = join(ROOT, 'test/web/screenshots')
const SHOWN = join(ROOT, 'docs/pictures')
/** Whoever opens a page of ours loads it. */
const LARGEST = 150_000

/** What the documents show, and which picture of the tests that is. */
const PICTURES = {
  'claim.png': 'en-light-wide-05-read.png',
  'console.png': 'console-en-light-wide-02-overview.png',
  'console-devices.png': 'console-en-light-wide-03-devices.png',
}

mkdirSync(SHOWN, { recursive: true })
for (const [name, taken] of Object.entries(PICTURES)) {
  const { size } = statSync(join(TAKEN, taken))
  if (size > LARGEST) throw new RangeError(`${taken} has ${size} bytes, more than ${LARGEST}`)
  copyFileSync(join(TAKEN, taken), join(SHOWN, name))
}
