import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, type Device, read } from '../../faults/app.ts'
import type { Client } from '../../faults/asking.ts'
import { check, type Violation } from '../../faults/check.ts'
import { connectDevice } from '../../faults/device.ts'
import { createNode, type Node } from '../../faults/node.ts'
import { makeApp, makeDevice, signInMaker } from '../../faults/people.ts'
import { freePorts } from '../../faults/ports.ts'
import { createRandom } from '../../faults/random.ts'
import { createRecorder, type Recorder } from '../../faults/recorder.ts'
import type { System } from '../../faults/system.ts'
import { type Player, type Progress, takeTurn } from '../../faults/turns.ts'
import { PROGRAM } from '../support/process.ts'
import { ADMIN } from '../support/server.ts'

/** Nodes of the real program on one Redis, devices and accounts that play on them, and what they saw. */
export type Stage = {
  readonly system: System
  readonly recorder: Recorder
  readonly maker: App
  readonly apps: readonly App[]
  readonly devices: readonly Device[]
  readonly progress: Progress
  /** Devices are offered, claimed, released and asked for until `work` is done; answers with what it answers. */
  readonly playDuring: <T>(work: () => Promise<T>) => Promise<T>
  /** Whose every device is in the end, on every node; then everything that was broken. */
  readonly violations: () => Promise<readonly Violation[]>
  readonly close: () => Promise<void>
}

type Options = {
  readonly url: string
  readonly seed: number
  readonly roles?: readonly Node['role'][]
  readonly env?: Readonly<Record<string, string>>
  readonly program?: (place: number) => string
  readonly devices?: number
}

const APPS = 4

const startNodes = async (options: Options, folder: string, recorder: Recorder) => {
  const { url, env = {}, roles = ['all', 'all'], program = () => PROGRAM } = options
  const ports = [...(await freePorts(roles.length * 2))]
  const nodes: Node[] = []
  for (const [place, role] of roles.entries()) {
    const node = createNode({
      ...{ name: `${role}${place}`, role, program: program(place), args: [], folder },
      ...{ httpPort: ports.pop() as number, mqttPort: ports.pop() as number },
      env: {
        LATCHKEY_STORE: url,
        LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
        LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
        LATCHKEY_LOG_LEVEL: 'error',
        ...env,
      },
      onDeath: (words) => recorder.saw('alive', words),
    })
    nodes.push(node)
    // One after the other: the first one makes the key file and the first maker.
    await node.start()
  }
  return nodes
}

/** Starts nodes and fills them with accounts and devices. */
export const startStage = async (options: Options): Promise<Stage> => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-stage-'))
  const recorder = createRecorder()
  const random = createRandom(options.seed)
  const nodes = await startNodes(options, folder, recorder)
  const gateways = nodes.filter(({ role }) => role !== 'broker')
  const brokers = nodes.filter(({ role }) => role !== 'gateway')
  const upOf = (among: readonly Node[], choice: typeof random): Node | undefined => {
    const up = among.filter((node) => node.isUp())
    return up.length === 0 ? undefined : choice.pick(up)
  }
  const system: System = {
    ...{ store: 'redis', folder, env: {}, nodes, gateways, brokers, fsyncs: ['always'] },
    ...{ doors: new Map(), cables: new Map(), throughDoors: () => undefined },
    http: (choice) => upOf(gateways, choice)?.httpPort,
    mqtt: (choice) => upOf(brokers, choice)?.mqttPort,
    async close() {
      await Promise.all(nodes.map((node) => node.kill()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const client = (name: string): Client => ({ name, system, recorder, random: random.fork(name) })
  const maker = await signInMaker(client('maker'))
  const apps: App[] = []
  for (let n = 0; n < APPS; n++) apps.push(await makeApp(client(`app${n}`)))
  const players: Player[] = []
  for (let n = 0; n < (options.devices ?? 6); n++) {
    const device = await makeDevice(maker, `device${n}`)
    players.push({ device, speaker: connectDevice(client(device.name), device), owner: undefined })
  }
  const progress: Progress = { claims: 0, acknowledged: 0 }
  let isPlaying = false
  const keepPlaying = async (player: Player, place: number) => {
    const choice = random.fork(`player${place}`)
    while (isPlaying) await takeTurn({ apps, maker }, player, progress, choice)
  }
  return {
    ...{ system, recorder, maker, apps, progress },
    devices: players.map(({ device }) => device),
    async playDuring(work) {
      isPlaying = true
      const playing = players.map(keepPlaying)
      try {
        return await work()
      } finally {
        isPlaying = false
        await Promise.all(playing)
      }
    },
    async violations() {
      for (const node of gateways)
        for (const { device } of players) {
          const asking = { ...maker, system: { ...system, http: () => node.httpPort } }
          const { result, owner = null } = await read(asking, device)
          if (result.kind !== 'ok') recorder.saw('I11', `${node.name} does not answer`)
          recorder.note({ op: 'final', node: node.name, device: device.id, owner })
        }
      return check(recorder.lines())
    },
    async close() {
      await Promise.all(players.map(({ speaker }) => speaker.close()))
      await system.close()
    },
  }
}

/** Waits until so many more claims were acknowledged: life goes on. */
export const acknowledged = async (stage: Stage, more: number, withinMs = 15_000) => {
  const wanted = stage.progress.acknowledged + more
  const until = performance.now() + withinMs
  while (stage.progress.acknowledged < wanted) {
    if (performance.now() > until)
      throw new Error(`${stage.progress.acknowledged} of ${wanted} claims after ${withinMs} ms`)
    await new Promise((done) => setTimeout(done, 20))
  }
}
