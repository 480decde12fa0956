import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StoreUnfit } from '../../errors.ts'

/**
 * Keeps a second process out of a folder. Each process first listens on a unix socket of its own
 * in the folder and only then looks for others there, so of two at least one sees the other. A socket
 * that refuses a connection belongs to a process that is gone (its name is never used again), so anyone may
 * remove it at any time: there is no takeover, and nothing that a kill -9 could leave locked.
 */
const SOCKET = /^holder-(\d+)-[0-9a-f]{16}$/

// sun_path has 104 bytes on macOS, 108 on Linux.
const LONGEST_PATH = 100
const ANSWER_WITHIN_MS = 500
const RIVAL_WAIT_MS = 25
const RIVAL_TRIES = 120

/** Holds the folder until the answered function is called; throws `StoreUnfit` when another process does. */
export const holdFolder = async (folder: string): Promise<() => void> => {
  const mine = `holder-${process.pid}-${randomBytes(8).toString('hex')}`
  const { address, forgetAddress } = shortAddress(folder)
  let held = false
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(held ? 'held' : 'starting')
  })
  const release = (): void => {
    server.close()
    rmSync(join(folder, mine), { force: true })
    forgetAddress()
  }
  try {
    await listen(server, address(mine))
    await outlast(folder, mine, address)
  } catch (error) {
    release()
    if (error instanceof StoreUnfit) throw error
    throw new StoreUnfit([
      `${folder} cannot be held for this process alone, because no unix socket can be made in it: ${String(error)}`,
    ])
  }
  held = true
  return release
}

/** Returns when every other process in the folder is gone or gives way to us. */
const outlast = async (
  folder: string,
  mine: string,
  address: (name: string) => string,
): Promise<void> => {
  for (let tries = 0; ; tries++) {
    let rivals = 0
    for (const name of readdirSync(folder)) {
      const pid = SOCKET.exec(name)?.[1]
      if (pid === undefined || name === mine) continue
      const state = await ask(address(name))
      if (state === 'gone') rmSync(join(folder, name), { force: true })
      // Both are starting: the smaller name goes on, the other gives way.
      else if (
        tries < RIVAL_TRIES &&
        (state === 'leaving' || (state === 'starting' && mine < name))
      )
        rivals++
      else throw inUse(folder, Number(pid))
    }
    if (rivals === 0) return
    await sleep(RIVAL_WAIT_MS)
  }
}

const inUse = (folder: string, pid: number): StoreUnfit =>
  new StoreUnfit([
    pid === process.pid
      ? `${folder} is in use already by this process (pid ${pid})`
      : `${folder} is in use by another process (pid ${pid}): an embedded store belongs to one process`,
  ])

type State = 'held' | 'starting' | 'leaving' | 'gone'

/** Asks who listens there. A process that listens and says nothing (stopped, busy) holds its folder. */
const ask = (path: string): Promise<State> =>
  new Promise((resolve) => {
    let answer = ''
    const socket = createConnection(path)
    socket.setTimeout(ANSWER_WITHIN_MS, () => {
      resolve('held')
      socket.destroy()
    })
    socket.on('data', (data) => {
      answer += data.toString()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve('gone')
      else if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') resolve('held')
    })
    socket.on('close', () => {
      // It closed before it answered.
      if (answer === '') resolve('leaving')
      else resolve(answer === 'starting' ? 'starting' : 'held')
    })
  })

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      server.on('error', () => {})
      server.unref()
      resolve()
    })
  })

/** A path of the folder that is short enough for a socket: if need be through a link in the temporary folder. */
const shortAddress = (folder: string) => {
  const longest = join(folder, 'holder-4194304-0123456789abcdef')
  if (Buffer.byteLength(longest) <= LONGEST_PATH)
    return { address: (name: string) => join(folder, name), forgetAddress: () => {} }
  const room = mkdtempSync(join(tmpdir(), 'latchkey-'))
  symlinkSync(folder, join(room, 'd'))
  return {
    address: (name: string) => join(room, 'd', name),
    forgetAddress: () => rmSync(room, { recursive: true, force: true }),
  }
}
