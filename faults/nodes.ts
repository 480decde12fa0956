import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { claim, read, release } from './app.ts'
import { during, type Fault, type Scene } from './fault.ts'

const newSecret = () => randomBytes(16).toString('base64url')

/** SIGTERM is followed by the end within 10 s: CONTRACT 1. */
const LONGEST_STOP_MS = 10_000

const endOne = async (scene: Scene) => {
  const { system, recorder, random } = scene
  const node = random.pick(system.nodes)
  const began = performance.now()
  let how: number | NodeJS.Signals = 0
  await during(scene, { fault: 'F18', what: `SIGTERM ${node.name}` }, async () => {
    how = await node.end()
  })
  const tookMs = performance.now() - began
  if (how !== 0) recorder.saw('F18', `${node.name} ended with ${how} after SIGTERM`)
  if (tookMs > LONGEST_STOP_MS)
    recorder.saw('F18', `${node.name} took ${Math.round(tookMs)} ms to end`)
  await node.start()
}

/**
 * A node is stopped in the middle of a claim, and meanwhile the device changes hands on another one. When the node goes on,
 * its decision is about a device that is no more as it was.
 */
const fence = async (scene: Scene) => {
  const { system, random, maker, apps, spare } = scene
  const [stopped, other] = random.happens(0.5) ? system.gateways : [...system.gateways].reverse()
  if (stopped === undefined || other === undefined) return
  const { device } = spare
  const on = (node: typeof stopped) => ({ ...system, http: () => node.httpPort })
  const late = random.pick(apps)
  const next = random.pick(apps.filter((app) => app !== late))
  if ((await release({ ...maker, system: on(other) }, device)).result.kind !== 'ok') return
  const secret = newSecret()
  if (!(await spare.offer(secret))) return
  const claimed = claim({ ...late, system: on(stopped) }, device, secret)
  await sleep(random.between(0, 8))
  stopped.freeze()
  await during(scene, { fault: 'F13', what: `SIGSTOP ${stopped.name} in a claim` }, async () => {
    await release({ ...maker, system: on(other) }, device)
    const newer = newSecret()
    if (await spare.offer(newer)) await claim({ ...next, system: on(other) }, device, newer)
  })
  stopped.thaw()
  const { result } = await claimed
  scene.remark(`F13 the stopped claim: ${result.kind}`)
  await read({ ...maker, system: on(stopped) }, device)
  await read({ ...maker, system: on(other) }, device)
}

/** Faults of a node that are no death. */
export const NODES: readonly Fault[] = [
  {
    id: 'F13',
    about: 'a node stopped in the middle of a claim while the device changes hands on another',
    stores: ['redis'],
    strikes: 60,
    strike: fence,
  },
  {
    id: 'F18',
    about: 'SIGTERM under load, one node after the other',
    stores: ['embedded', 'redis'],
    strikes: 10,
    strike: endOne,
  },
]
