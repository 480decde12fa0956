import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/redis-server.ts'
import { openSocket } from './malformed-play.ts'

/** A real mosquitto on a free port of the loopback, open to everybody. */
export type Mosquitto = { readonly port: number; readonly stop: () => Promise<void> }

/** Debian has it where no user's PATH leads. */
const PLACES = ['mosquitto', '/usr/sbin/mosquitto']

const findMosquitto = (): string | undefined =>
  PLACES.find((place) => spawnSync(place, ['-h'], { stdio: 'ignore' }).error === undefined)

/** Whether there is one to start. */
export const mosquittoAvailable = (): boolean => findMosquitto() !== undefined

/** Starts it; it always ends with this process. */
export const startMosquitto = async (): Promise<Mosquitto> => {
  const program = findMosquitto()
  if (program === undefined) throw new Error('there is no mosquitto')
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-mosquitto-'))
  const port = await freePort()
  const config = join(dir, 'mosquitto.conf')
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`)
  const child: ChildProcess = spawn(program, ['-c', config], { stdio: 'ignore' })
  const endAtExit = () => child.kill('SIGKILL')
  process.once('exit', endAtExit)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  for (let tries = 0; tries < 200; tries++) {
    const socket = await openSocket(port).catch(() => undefined)
    socket?.destroy()
    if (socket !== undefined) break
    await sleep(25)
  }
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM')
      await gone
      process.off('exit', endAtExit)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
