import { lookBehind, type Size, sizeOf } from './aftermath.ts'
import { gather } from './cast.ts'
import { check } from './check.ts'
import type { Fault, Scene } from './fault.ts'
import { FAULTS } from './faults.ts'
import { lookAtEnd, untilHealed } from './healing.ts'
import type { Line } from './history.ts'
import { closeConnections } from './http.ts'
import { createRandom } from './random.ts'
import { createRecorder } from './recorder.ts'
import type { Fsync } from './redis.ts'
import { playStage, type Stage } from './stage.ts'
import { type StoreName, startSystem } from './system.ts'
import type { Violation } from './violation.ts'

/** What a campaign is. The same seed makes the same choices. */
export type CampaignOptions = {
  readonly seed: number
  readonly store: StoreName
  /** Ids of faults; all of the store when absent, none at all when empty. */
  readonly only?: readonly string[] | undefined
  readonly claims: number
  readonly kills: number
  /** The program's `cli.js`, and what is started as a node if not that. */
  readonly cli: string
  readonly program?: string
  readonly args?: readonly string[]
  readonly apps?: number
  readonly devices?: number
  readonly connected?: number
  readonly fsyncs?: readonly Fsync[]
  /** How long, when all is over, notices may still come. */
  readonly patienceMs?: number
  readonly onProgress?: (done: number, total: number) => void
}

/** What came of a campaign. */
export type Outcome = {
  readonly seed: number
  readonly store: StoreName
  readonly tookMs: number
  readonly claims: number
  readonly acknowledged: number
  readonly kills: number
  /** How often each fault was struck. */
  readonly strikes: Readonly<Record<string, number>>
  readonly recoveredMs: Readonly<Record<string, number>>
  readonly remarks: Readonly<Record<string, number>>
  readonly before: Size
  readonly after: Size
  readonly violations: readonly Violation[]
  readonly history: readonly Line[]
}

/** A stage of other faults has a fiftieth of the claims, or this many. */
const SMALLEST_STAGE = 60

const stagesOf = (
  faults: readonly Fault[],
  { kills, claims }: CampaignOptions,
): readonly Stage[] => {
  const killing = faults.filter(({ isKill }) => isKill)
  const others = faults.filter(({ isKill }) => !isKill)
  if (faults.length === 0) return [{ name: 'calm', faults, strikes: 0, claims }]
  const first = { name: 'kills', faults: killing, strikes: kills, claims }
  const each =
    killing.length > 0
      ? Math.max(SMALLEST_STAGE, Math.ceil(claims / 50))
      : Math.ceil(claims / Math.max(1, others.length))
  const rest = others.map((fault) => ({
    ...{ name: fault.id, faults: [fault], strikes: fault.strikes ?? 1, claims: each },
  }))
  return killing.length > 0 ? [first, ...rest] : rest
}

/** The faults that are asked for and can be done to a store. */
export const faultsFor = ({ store, only }: Pick<CampaignOptions, 'store' | 'only'>) =>
  FAULTS.filter(
    ({ id, stores }) => stores.includes(store) && (only === undefined || only.includes(id)),
  )

const counted = (names: readonly string[]): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Runs a campaign to its end: faults, healing, and the check of everything that was seen. */
export const runCampaign = async (options: CampaignOptions): Promise<Outcome> => {
  const {
    seed,
    store,
    cli,
    program = cli,
    args = ['serve'],
    onProgress = () => undefined,
  } = options
  const {
    apps = 16,
    devices = 400,
    connected = 24,
    fsyncs = ['always', 'everysec'],
    patienceMs = 60_000,
  } = options
  const began = performance.now()
  const recorder = createRecorder()
  const random = createRandom(seed)
  const stages = stagesOf(faultsFor(options), options)
  const total = stages.reduce((sum, { claims, strikes }) => sum + claims + strikes, 0)
  const system = await startSystem({ store, program, args, recorder, fsyncs })
  try {
    const cast = await gather({
      ...{ system, recorder, random: random.fork('cast'), apps, devices, connected },
    })
    const before = await sizeOf(system)
    const strikes: string[] = []
    const remarks: string[] = []
    const recoveredMs: Record<string, number> = {}
    const spare = {
      device: cast.spare.device,
      offer: (secret: string) => cast.spare.speaker.offer(cast.spare.device, secret),
    }
    let done = 0
    let claims = 0
    let acknowledged = 0
    for (const stage of stages) {
      const scene: Scene = {
        ...{ system, recorder, maker: cast.maker, apps: cast.apps, spare },
        random: random.fork(`faults of ${stage.name}`),
        remark: (what) => remarks.push(what),
      }
      const progress = { claims: 0, acknowledged: 0 }
      await playStage({
        ...{ stage, scene, cast, workers: apps, random: random.fork(`work of ${stage.name}`) },
        onStanding: (standing) => {
          Object.assign(progress, standing.progress)
          onProgress(done + Math.min(stage.claims, progress.claims) + standing.strikes, total)
        },
        onStrike: ({ id }) => strikes.push(id),
      })
      done += stage.claims + stage.strikes
      claims += progress.claims
      acknowledged += progress.acknowledged
      recoveredMs[stage.name] = Math.round(await untilHealed(system, cast, recorder))
    }
    await lookAtEnd(system, cast, recorder, patienceMs)
    const { maker } = cast
    const after = await lookBehind({ cli, system, recorder, maker, before, devices, claims })
    await cast.close()
    const history = recorder.lines()
    return {
      ...{ seed, store, tookMs: Math.round(performance.now() - began), claims, acknowledged },
      kills: strikes.filter((id) => FAULTS.some((fault) => fault.id === id && fault.isKill)).length,
      ...{ strikes: counted(strikes), recoveredMs, remarks: counted(remarks), before, after },
      ...{ violations: check(history), history },
    }
  } finally {
    closeConnections()
    await system.close()
  }
}
