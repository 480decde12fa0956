import { setTimeout as sleep } from 'node:timers/promises'
import type { Cast } from './cast.ts'
import type { Fault, Scene } from './fault.ts'
import type { Random } from './random.ts'
import { type Player, type Progress, takeTurn } from './turns.ts'

/** A part of a campaign: some kinds of faults, struck so often while so many claims are made. */
export type Stage = {
  readonly name: string
  readonly faults: readonly Fault[]
  readonly strikes: number
  readonly claims: number
}

/** How far a stage is. */
export type Standing = { strikes: number; readonly progress: Progress }

/** Claims and strikes wait for each other when one is so many strikes ahead. */
const AHEAD = 2
const WAIT_MS = 20

type Options = {
  readonly stage: Stage
  readonly scene: Scene
  readonly cast: Cast
  readonly workers: number
  readonly random: Random
  readonly onStanding: (standing: Standing) => void
  readonly onStrike: (fault: Fault) => void
}

/** Plays a stage: clients claim and faults strike at the same time, until both are done. */
export const playStage = async (options: Options): Promise<void> => {
  const { stage, scene, cast, workers, random, onStanding, onStrike } = options
  const standing: Standing = { strikes: 0, progress: { claims: 0, acknowledged: 0 } }
  const perStrike = stage.claims / Math.max(1, stage.strikes)
  const isStruck = () => standing.strikes >= stage.strikes
  const isClaimed = () => standing.progress.claims >= stage.claims
  const isDone = () => isStruck() && isClaimed()
  const idle: Player[] = [...cast.players]
  const crowd = { apps: cast.apps, maker: cast.maker }

  const work = async (choice: Random) => {
    while (!isDone()) {
      const mayLead = (standing.strikes + AHEAD) * perStrike
      const player = idle.splice(choice.below(idle.length), 1)[0]
      if (player === undefined || (!isStruck() && standing.progress.claims > mayLead)) {
        if (player !== undefined) idle.push(player)
        await sleep(WAIT_MS)
        continue
      }
      await takeTurn(crowd, player, standing.progress, choice)
      idle.push(player)
      onStanding(standing)
    }
  }

  const strike = async () => {
    for (; standing.strikes < stage.strikes; standing.strikes++) {
      while (standing.progress.claims < (standing.strikes - 1) * perStrike) await sleep(WAIT_MS)
      // Each kind as often as the others.
      const fault = stage.faults[standing.strikes % stage.faults.length] as Fault
      await fault.strike(scene)
      onStrike(fault)
      onStanding(standing)
    }
  }

  const hands = Array.from({ length: workers }, (_, place) => work(random.fork(`worker ${place}`)))
  await Promise.all([strike(), ...hands])
}
