import { Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { createReport } from '../../firmware-sim/commands/report.ts'

const screen = (isTTY: boolean) => {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  const written: string[] = []
  return Object.assign(stream, { isTTY, written })
}

test('a bar is drawn on stderr for a fleet on a terminal, and lines wait until it is gone', () => {
  const io = { stdout: screen(true), stderr: screen(true) }
  const report = createReport(io, { json: false, total: 2 })
  report.tell('released', { device: 'a' })
  expect(io.stderr.written.join('')).toContain('0/2')
  expect(io.stdout.written).toEqual([])
  report.end()
  report.tell('released', { device: 'b' })
  expect(io.stdout.written).toEqual(['a  released\n', 'b  released\n'])
})

test('without a terminal there is no bar and nothing waits', () => {
  const io = { stdout: screen(false), stderr: screen(false) }
  const report = createReport(io, { json: true, total: 2 })
  report.tell('released', { device: 'a' })
  report.step()
  report.end()
  expect(io.stderr.written).toEqual([])
  expect(io.stdout.written).toEqual(['{"event":"released","device":"a"}\n'])
})
