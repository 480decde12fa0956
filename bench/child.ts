import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A server that is measured: a process of its own, pinned to one core where `taskset` is there. */
export type Measured = {
  /** CPU time used so far by all its threads, user and system, microseconds (in steps of 10 ms where the kernel tells no better). */
  readonly cpuUs: () => number
  /** Resident memory, KiB. */
  readonly rssKib: () => number
  readonly end: () => Promise<void>
}

/** One that says where it listens. */
export type Child = Measured & {
  readonly ready: {
    readonly mqtt?: { readonly port: number }
    readonly http?: { readonly port: number }
  }
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

const rssKibOf = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)

const hasTaskset = spawnSync('taskset', ['-V']).status === 0

/** Whether a program is on this machine. */
export const isThere = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

type Launched = Measured & { readonly child: ChildProcess; readonly exited: Promise<void> }

/** `isPinned`: what is measured has a core of its own; what it asks runs elsewhere. */
const launch = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  isPinned = true,
): Launched => {
  const [first, ...rest] =
    hasTaskset && isPinned ? ['taskset', '-c', '0', command, ...args] : [command, ...args]
  const child = spawn(first as string, rest, {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  running.add(child)
  child.once('exit', () => running.delete(child))
  return {
    child,
    exited,
    cpuUs: () => cpuUsOf(child.pid),
    rssKib: () => rssKibOf(child.pid),
    end: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Starts a script of `dist/` and waits for its ready line on stdout. */
export const startChild = async (
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<Child> => {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url))
  const launched = launch(process.execPath, [path], env)
  const lines = createInterface({ input: launched.child.stdout as NodeJS.ReadableStream })
  const ready = await new Promise<Child['ready']>((resolve, reject) => {
    lines.on('line', (line) => {
      const said = line.startsWith('{') ? JSON.parse(line) : {}
      if (said.msg === 'ready') resolve(said)
    })
    void launched.exited.then(() => reject(new Error(`${script} ended before it was ready`)))
  })
  return { ...launched, ready }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until somebody listens there, 10 s at most. */
const listening = async (port: number): Promise<void> => {
  const until = Date.now() + 10_000
  while (Date.now() < until) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await sleep(50)
  }
  throw new Error(`nobody listens on port ${port}`)
}

/** A Redis that is measured. */
export type RedisPeer = Measured & { readonly url: string }

/** Its lines are on the disk once a second, as is usual. `undefined`: it is not on this machine. */
export const startRedisPeer = async (folder: string): Promise<RedisPeer | undefined> => {
  if (!isThere('redis-server')) return undefined
  const port = await freePort()
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const safe = ['--save', '', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction']
  const launched = launch('redis-server', [...place, ...safe], {}, false)
  launched.child.stdout?.resume()
  await listening(port)
  return { ...launched, url: `redis://127.0.0.1:${port}` }
}

/** A Mosquitto for everybody. `undefined`: it is not on this machine. */
export const startMosquitto = async (folder: string): Promise<Child | undefined> => {
  const program = ['mosquitto', '/usr/sbin/mosquitto'].find(isThere)
  if (program === undefined) return undefined
  const port = await freePort()
  const file = join(folder, 'mosquitto.conf')
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'log_type none']
  writeFileSync(file, `${lines.join('\n')}\nset_tcp_nodelay true\n`)
  const launched = launch(program, ['-c', file])
  launched.child.stdout?.resume()
  await listening(port)
  return { ...launched, ready: { mqtt: { port } } }
}
