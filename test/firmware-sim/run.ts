import { Writable } from 'node:stream'
import { simulate } from '../../firmware-sim/cli.ts'

/** Runs `latchkey sim …` and keeps what it wrote. `watch` sees stdout as it grows. */
export const run = async (argv: string[], watch: (stdout: string) => void = () => {}) => {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk)
        if (name === 'stdout') watch(written.stdout)
        done()
      },
    })
  const stop = new AbortController()
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), signal: stop.signal }
  const ended = simulate(argv, io)
  return {
    stop: () => stop.abort(),
    ended: ended.then((code) => ({ code, ...written })),
  }
}

/** Runs it to its end. */
export const runToEnd = async (...argv: string[]) => (await run(argv)).ended
