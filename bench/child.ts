import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A server that is measured: a process of its own, pinned to one core where `taskset` is there. */
export type Child = {
  readonly ready: {
    readonly mqtt?: { readonly port: number }
    readonly http?: { readonly port: number }
  }
  /** CPU time used so far by all its threads, user and system, microseconds (in steps of 10 ms where the kernel tells no better). */
  readonly cpuUs: () => number
  /** Resident memory, KiB. */
  readonly rssKib: () => number
  readonly end: () => Promise<void>
}

const TICK_US = 10_000

/** `schedstat` counts in nanoseconds, for each thread; `stat` in ticks. */
const cpuUsOf = (pid: number | undefined): number => {
  if (existsSync(`/proc/${pid}/schedstat`))
    return readdirSync(`/proc/${pid}/task`)
      .map((task) =>
        Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
      )
      .reduce((sum, ns) => sum + ns / 1000, 0)
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}
const hasTaskset = spawnSync('taskset', ['-V']).status === 0

/** Starts a script of `dist/` and waits for its ready line on stdout. */
export const startChild = async (
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<Child> => {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url))
  const [command, args] = hasTaskset
    ? ['taskset', ['-c', '0', process.execPath, path]]
    : [process.execPath, [path]]
  const child: ChildProcess = spawn(command as string, args as string[], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  process.once('exit', () => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const ready = await new Promise<Child['ready']>((resolve, reject) => {
    lines.on('line', (line) => {
      const said = line.startsWith('{') ? JSON.parse(line) : {}
      if (said.msg === 'ready') resolve(said)
    })
    void exited.then(() => reject(new Error(`${script} ended before it was ready`)))
  })
  return {
    ready,
    cpuUs: () => cpuUsOf(child.pid),
    rssKib: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
    },
    end: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}
