import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What a process has of the machine. */
export type Vitals = { readonly rssKib: number; readonly fds: number }

/** A process that a campaign started. It ends with the campaign, whatever happens. */
export type Child = {
  readonly pid: number
  readonly hasEnded: () => boolean
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  readonly signal: (signal: NodeJS.Signals) => void
  /** The last of what it said on stderr. */
  readonly lastWords: () => string
  readonly vitals: () => Vitals | undefined
}

type Options = {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly onLine?: (line: string) => void
}

const WORDS = 2000
const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

const vitalsOf = (pid: number): Vitals | undefined => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return {
      rssKib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0),
      fds: readdirSync(`/proc/${pid}/fd`).length,
    }
  } catch {
    return undefined // It has ended, or this machine has no /proc.
  }
}

/** Calls for each whole line. */
const byLine = (onLine: (line: string) => void) => {
  let rest = ''
  return (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}

/** Starts a process. */
export const startChild = ({
  command,
  args,
  cwd,
  env,
  onLine = () => undefined,
}: Options): Child => {
  const child = spawn(command, [...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let words = ''
  let hasEnded = false
  child.stdout.on('data', byLine(onLine))
  child.stderr.on('data', (data: Buffer) => {
    words = (words + data.toString()).slice(-WORDS)
  })
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('exit', (code, signal) => {
      children.delete(child)
      hasEnded = true
      resolve(code ?? signal ?? 0)
    })
  })
  return {
    pid: child.pid ?? 0,
    hasEnded: () => hasEnded,
    ended,
    signal: (signal) => {
      child.kill(signal)
    },
    lastWords: () => words,
    vitals: () => vitalsOf(child.pid ?? 0),
  }
}
