import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, startChild } from './child.ts'

/** When Redis brings its log to the disk. */
export type Fsync = 'always' | 'everysec'

/** A real `redis-server`, with all that a campaign does to it. */
export type Redis = {
  readonly port: number
  readonly start: (fsync: Fsync) => Promise<void>
  /** SIGKILL; resolves when it has gone. */
  readonly kill: () => Promise<void>
  readonly freeze: () => void
  readonly thaw: () => void
  /** One inline command on a connection of its own, and the first piece of its reply. */
  readonly tell: (command: string) => Promise<string>
  readonly stop: () => Promise<void>
}

const ANSWER_MS = 10_000

const tellPort = (port: number, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(`${command}\r\n`))
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('redis does not answer')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('redis closed the connection')))
    socket.once('data', (data) => {
      resolve(data.toString())
      socket.destroy()
    })
  })

/** A Redis in a folder, safe to use (AOF, noeviction). Not started yet. */
export const createRedis = (port: number, folder: string): Redis => {
  let child: Child | undefined
  const argsFor = (fsync: Fsync) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    ...['--appendonly', 'yes', '--appendfsync', fsync, '--maxmemory-policy', 'noeviction'],
    ...['--shutdown-timeout', '0', '--enable-debug-command', 'local', '--loglevel', 'warning'],
  ]
  const end = async (signal: NodeJS.Signals) => {
    const ending = child
    child = undefined
    ending?.signal('SIGCONT')
    ending?.signal(signal)
    await ending?.ended
  }
  return {
    port,
    async start(fsync) {
      const started = startChild({
        command: 'redis-server',
        args: argsFor(fsync),
        cwd: folder,
        env: {},
      })
      child = started
      // It answers LOADING until it has read its log.
      for (;;) {
        if (started.hasEnded()) throw new Error(`redis-server ended: ${started.lastWords()}`)
        const said = await tellPort(port, 'PING').catch(() => '')
        if (said.startsWith('+PONG')) return
        await sleep(20)
      }
    },
    kill: () => end('SIGKILL'),
    freeze: () => child?.signal('SIGSTOP'),
    thaw: () => child?.signal('SIGCONT'),
    tell: (command) => tellPort(port, command),
    stop: () => end('SIGTERM'),
  }
}
