import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

/** What a document has its reader type into a terminal: each block as one text, in order. */
export const shellBlocks = (document: string): readonly string[] =>
  [...readFileSync(join(ROOT, document), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, block]) => block as string,
  )

/** Something that was typed, and runs. */
export type Typed = {
  readonly said: () => string
  /** Resolves with the match as soon as it has said so; rejects when it ends before. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly exited: Promise<number | null>
  /** Ends it, and all that it has started. */
  readonly end: () => Promise<void>
}

/** Types a text into a shell of its own. */
export const type = (
  text: string,
  { cwd = ROOT, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Typed => {
  const child: ChildProcess = spawn('bash', ['-c', text], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group, so that nothing of it stays behind.
    detached: true,
  })
  let said = ''
  let told: () => void = () => undefined
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece: Buffer) => {
      said += piece.toString()
      told()
    })
  let isOver = false
  const exited = once(child, 'close').then(([code]) => {
    isOver = true
    told()
    return code as number | null
  })
  const kill = (signal: NodeJS.Signals) => {
    if (!isOver && child.pid !== undefined) process.kill(-child.pid, signal)
  }
  process.once('exit', () => kill('SIGKILL'))
  return {
    said: () => said,
    says: async (pattern) => {
      for (;;) {
        const match = pattern.exec(said)
        if (match !== null) return match
        if (isOver) throw new Error(`it ended without saying ${pattern}:\n${said}`)
        await new Promise<void>((resolve) => {
          told = resolve
        })
      }
    },
    exited,
    end: async () => {
      kill('SIGTERM')
      await exited
    },
  }
}

/** Whether each of these commands is there. */
export const hasCommands = (...names: readonly string[]): boolean =>
  names.every((name) =>
    (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, name))),
  )
