import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runCommand } from '../../cli/command.ts'
import { faults as command } from '../../faults/command.ts'
import { writeHistory } from '../../faults/history.ts'
import { claim, final } from './histories.ts'

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-faults-command-'))
  const kept = claim('ann', [0, 1])
  await writeHistory(join(folder, 'clean.jsonl'), [kept, final('a', 'ann')])
  await writeHistory(join(folder, 'lost.jsonl'), [kept, final('a', null)])
  writeFileSync(join(folder, 'other.jsonl'), 'a letter\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const faults = async (...args: string[]) => {
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const status = await runCommand('npm run faults --', command, args, { ...io, env: {} })
  const said = (stream: PassThrough) => String(stream.read() ?? '')
  return { status, stdout: said(io.stdout), stderr: said(io.stderr) }
}

test('its help names every fault and ends with 0', async () => {
  const { status, stdout } = await faults('--help')
  expect(status).toBe(0)
  for (const id of [
    'F1 ',
    'F2 ',
    'F3 ',
    'F4 ',
    'F5 ',
    'F6 ',
    'F7 ',
    'F10 ',
    'F13 ',
    'F15 ',
    'F18 ',
  ])
    expect(stdout).toContain(id)
})

test('a clean history is 0, one with a violation 1, and the violation is named', async () => {
  const clean = await faults('--check', join(folder, 'clean.jsonl'))
  expect(clean.status).toBe(0)
  const lost = await faults('--check', join(folder, 'lost.jsonl'))
  expect(lost.status).toBe(1)
  expect(lost.stdout).toContain('"invariant":"I2"')
})

test.each(['other.jsonl', 'nowhere.jsonl'])('%s cannot be checked: 2, in words', async (name) => {
  const { status, stderr } = await faults('--check', join(folder, name))
  expect(status).toBe(2)
  expect(stderr).toContain('FILE')
})

test.each([
  [['--only', 'F99']],
  [['--store', 'paper']],
  [['--seed', 'x']],
  [['--claims', '-1']],
  [['--store', 'embedded', '--only', 'F3']],
  [['--broken', 'nothing']],
  [['--unknown']],
  [['word']],
])('%j is a wrong use: 2, in words', async (args) => {
  const { status, stderr } = await faults(...args)
  expect(status).toBe(2)
  expect(stderr).toContain('--help')
})
