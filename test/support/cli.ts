import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { type Command, runCommand } from '../../cli/command.ts'

/** Runs a command of the CLI to its end, in a pipe: nobody is at a terminal. */
export const runCli = async (
  command: Command,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
) => {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) =>
    new Writable({
      write(chunk, _encoding, done) {
        written[name] += String(chunk)
        done()
      },
    })
  const io = { stdin: Readable.from([]), stdout: stream('stdout'), stderr: stream('stderr'), env }
  const code = await runCommand('latchkey test', command, argv, io)
  return { code, ...written }
}

/** A folder for the files of a test; `drop` removes it. */
export const workFolder = () => {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  return {
    at: (name: string) => join(path, name),
    path,
    drop: () => rmSync(path, { recursive: true, force: true }),
  }
}
