import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { claim, release } from './app.ts'
import type { Cast } from './cast.ts'
import { send } from './http.ts'
import type { Recorder } from './recorder.ts'
import { notified } from './scans.ts'
import type { System } from './system.ts'

/** Everything works again within 10 s of healing: CONTRACT 6 "Outage", I11. */
const HEALED_MS = 10_000
const PATIENCE_MS = 60_000

const isReady = async (port: number): Promise<boolean> => {
  const heard = await send({ port, method: 'GET', path: '/readyz' })
  return heard.kind === 'answer' && heard.status === 200
}

/** Whether a whole claim works through one gateway, at the first try. */
const claimsThrough = async (system: System, { maker, apps, spare }: Cast, port: number) => {
  const through = { ...system, http: () => port }
  const freed = await release({ ...maker, system: through }, spare.device)
  if (freed.result.kind !== 'ok') return false
  const secret = randomBytes(16).toString('base64url')
  if (!(await spare.speaker.offer(spare.device, secret))) return false
  const app = apps[0]
  if (app === undefined) return false
  const { result } = await claim({ ...app, system: through }, spare.device, secret)
  return result.kind === 'ok'
}

/** Waits until every gateway is ready and a claim works through it; answers how long that took, ms. */
export const untilHealed = async (
  system: System,
  cast: Cast,
  recorder: Recorder,
): Promise<number> => {
  const began = performance.now()
  for (const { name, httpPort } of system.gateways)
    for (;;) {
      if ((await isReady(httpPort)) && (await claimsThrough(system, cast, httpPort))) break
      if (performance.now() - began > PATIENCE_MS) {
        recorder.saw('I11', `${name} does not work although everything is whole`)
        break
      }
      await sleep(50)
    }
  const tookMs = performance.now() - began
  if (tookMs > HEALED_MS)
    recorder.saw('I11', `it took ${Math.round(tookMs)} ms until all worked again`)
  return tookMs
}

/** Whose each device is, asked of every gateway; then waits, so long at most, until all have been told. */
export const lookAtEnd = async (
  system: System,
  { maker, players, spare }: Cast,
  recorder: Recorder,
  patienceMs: number,
): Promise<void> => {
  for (const { device } of [...players, spare])
    for (const { name: node, httpPort: port } of system.gateways) {
      const path = `/latchkey/v1/devices/${device.id}`
      const heard = await send({ port, method: 'GET', path, token: maker.token })
      if (heard.kind !== 'answer' || heard.status !== 200) {
        recorder.saw('I11', `${node} does not tell whose ${device.name} is`)
        continue
      }
      const { owner = null, epoch } = heard.body as { owner?: string; epoch: number }
      recorder.note({ op: 'final', node, device: device.id, owner, epoch })
    }
  const until = performance.now() + patienceMs
  while (performance.now() < until && notified(recorder.lines()).length > 0) await sleep(250)
}
