import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fields, number, parseJson, text } from '../json.ts'

/** A server of the demo's own. `close` ends it in good order, `kill` at once. */
export type DemoServer = {
  /** The addresses of both edges; rejects when the server does not become ready. */
  readonly ready: Promise<{ readonly mqtt: string; readonly http: string }>
  readonly close: () => Promise<void>
  readonly kill: () => void
}

const START_MS = 20_000
const STOP_MS = 10_000

const urlOf = (scheme: string, edge: unknown): string | undefined => {
  const host = text(fields(edge), 'host')
  const port = number(fields(edge), 'port')
  return host === undefined || port === undefined ? undefined : `${scheme}://${host}:${port}`
}

// Only what a process needs: a LATCHKEY_… of the caller's must not steer the demo.
const inherited = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('LATCHKEY_')))

const readiness = (child: ChildProcessByStdio<null, Readable, Readable>): DemoServer['ready'] => {
  const complaints: string[] = []
  child.stderr.on('data', (part: Buffer) => complaints.push(part.toString()))
  return new Promise<{ mqtt: string; http: string }>((resolve, reject) => {
    const fail = (words: string) => reject(new Error([words, ...complaints].join('\n').trim()))
    const late = () => fail(`the server was not ready within ${START_MS} ms`)
    setTimeout(late, START_MS).unref()
    // 'close', not 'exit': then everything that it wrote has been read.
    child.once('close', (code) => fail(`the server ended with ${code} before it was ready`))
    child.once('error', (error) => fail(error.message))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = fields(parseJson(line))
      const mqtt = urlOf('mqtt', said?.get('mqtt'))
      const http = urlOf('http', said?.get('http'))
      if (text(said, 'msg') === 'ready' && mqtt && http) resolve({ mqtt, http })
    })
  })
}

const hasEnded = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null

/** Starts the built server `main` with `settings`; `folder` is where it runs. */
export const startServer = (options: {
  main: string
  folder: string
  settings: Readonly<Record<string, string>>
}): DemoServer => {
  const child = spawn(process.execPath, [options.main], {
    cwd: options.folder,
    env: { ...inherited(process.env), ...options.settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => void child.kill('SIGKILL')
  return {
    ready: readiness(child),
    kill,
    async close() {
      if (hasEnded(child)) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(kill, STOP_MS)
      await ended
      clearTimeout(timer)
    },
  }
}
