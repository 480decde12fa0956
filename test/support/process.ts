import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ADMIN } from './server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** The built program; `LATCHKEY_DIST` names another build. */
export const PROGRAM = resolve(ROOT, process.env.LATCHKEY_DIST ?? 'dist', 'main.js')

/** The built program as a user starts it: a process of its own. */
export type TestProcess = {
  readonly mqttUrl: string
  readonly httpUrl: string
  readonly pid: number
  /** All that it has said so far. */
  readonly said: () => { readonly out: string; readonly err: string }
  readonly kill: (signal: NodeJS.Signals) => void
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>
}

/** A folder that is removed by `drop`. */
export const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-process-'))
  return { path, drop: () => rmSync(path, { recursive: true, force: true }) }
}

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

type Spawned = Omit<TestProcess, 'mqttUrl' | 'httpUrl'> & { readonly child: ChildProcess }

/** Starts the program in a folder. Answers at once: it may end without getting ready. */
export const spawnServer = (cwd: string, env: Readonly<Record<string, string>> = {}): Spawned => {
  const child = spawn(process.execPath, [PROGRAM], {
    cwd,
    env: {
      PATH: process.env.PATH ?? '',
      LATCHKEY_MQTT_PORT: '0',
      LATCHKEY_HTTP_PORT: '0',
      LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  const said = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => {
    said.out += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    said.err += data.toString()
  })
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number)
  return {
    child,
    pid: child.pid as number,
    said: () => ({ ...said }),
    kill: (signal) => child.kill(signal),
    exited,
  }
}

type Ready = {
  msg?: string
  mqtt?: { host: string; port: number }
  http?: { host: string; port: number }
}

const readyLine = (out: string): Ready | undefined =>
  out
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Ready)
    .find(({ msg }) => msg === 'ready')

/** Starts the program and waits until both edges listen. */
export const startProcess = async (
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TestProcess> => {
  const spawned = spawnServer(cwd, env)
  let ended = false
  void spawned.exited.then(() => {
    ended = true
  })
  for (;;) {
    const ready = readyLine(spawned.said().out)
    if (ready !== undefined)
      return {
        ...spawned,
        mqttUrl: `mqtt://${ready.mqtt?.host}:${ready.mqtt?.port}`,
        httpUrl: `http://${ready.http?.host}:${ready.http?.port}`,
      }
    if (ended) throw new Error(`ended before it was ready: ${spawned.said().err}`)
    await Promise.race([
      once(spawned.child.stdout as NodeJS.ReadableStream, 'data'),
      spawned.exited,
    ])
  }
}
