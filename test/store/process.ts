import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The stores compiled, so that other node processes can run them: the real code, not a stand-in. */
export type Compiled = {
  /** Runs a module that may import `open` and has `path` as an argument; collects the lines it prints. */
  run(code: string, ...args: string[]): Run
  dispose(): void
}

export type Run = {
  readonly child: ChildProcess
  readonly lines: string[]
  /** The first line that begins like this; rejects when the process ends without it. */
  line(beginning: string): Promise<string>
  /** How the process ended. */
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Compiles `shared/store/embedded` and what it imports into a folder of its own: about a second. */
export const compileStore = (): Compiled => {
  const root = resolve('.')
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-compiled-'))
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: root,
      outDir: dir,
      declaration: false,
      sourceMap: false,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: [join(root, 'shared/store/embedded/store.ts')],
  }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(config))
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module' }))
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  execFileSync(process.execPath, [join(root, 'node_modules/.bin/tsc'), '-p', dir])
  const opener = join(dir, 'shared/store/embedded/store.js')
  const children = new Set<ChildProcess>()
  return {
    run(code, ...args) {
      const module = `import { openEmbedded } from ${JSON.stringify(opener)}
        const [, ...args] = process.argv
        const say = (line) => process.stdout.write(line + '\\n')
        ${code}`
      const options = ['--input-type=module', '-e', module, '--', ...args]
      const run = follow(spawn(process.execPath, options, { stdio: ['pipe', 'pipe', 'ignore'] }))
      children.add(run.child)
      return run
    },
    dispose() {
      for (const child of children) child.kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const follow = (child: ChildProcess): Run => {
  const lines: string[] = []
  let rest = ''
  child.stdout?.on('data', (data: Buffer) => {
    const parts = (rest + data.toString()).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
    child.emit('line')
  })
  const ended = new Promise<number | NodeJS.Signals>((done) => {
    child.once('close', (code, signal) => done(code ?? signal ?? 0))
  })
  const line = (beginning: string): Promise<string> =>
    new Promise((found, reject) => {
      const look = (): void => {
        const hit = lines.find((text) => text.startsWith(beginning))
        if (hit !== undefined) found(hit)
      }
      child.on('line', look)
      look()
      ended.then(() => {
        look()
        reject(new Error(`the process ended without "${beginning}": ${lines.join(' | ')}`))
      }, reject)
    })
  return { child, lines, line, ended }
}
