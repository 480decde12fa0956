import type { Engine } from '../claim/engine.ts'
import type { HomeId, ProjectId } from '../model/ids.ts'
import type { Reason } from '../model/reasons.ts'
import type { Counters } from './counters.ts'
import type { Count } from './tally.ts'

/** The steps of the engine that are counted. What a maker does (a box key) and what only looks is not. */
const STEPS = [
  'offerWindow',
  'setClaimMode',
  'makeCode',
  'makeProvisioningToken',
  'redeemDevice',
  'linkByAccount',
  'linkByDevice',
  'presentCode',
  'redeemProvisioningToken',
  'answerTransfer',
  'releaseDevice',
] as const satisfies readonly (keyof Engine)[]

type Told = {
  readonly state?: string
  readonly reason?: Reason
  readonly fresh?: boolean
  readonly former?: HomeId
}

/** What came of a step, as it is counted. `undefined`: nothing has changed. */
const countOf = ({ state, reason, fresh, former }: Told): Count | undefined => {
  switch (state) {
    case 'open':
    case 'waiting':
      return { counted: 'opened' }
    case 'claimed':
    case 'provisioned':
      // A repeat is answered as the first time, and is none.
      return fresh === false ? undefined : { counted: 'claimed' }
    case 'released':
      return former === undefined ? undefined : { counted: 'released' }
    case 'refused':
      return reason === undefined ? undefined : { refused: reason }
    default:
      return undefined
  }
}

/** The project a step is about: by what it was asked, else by what has come into being. */
const projectOf = (given: unknown, answer: unknown): ProjectId | undefined => {
  const asked = given as { readonly project?: ProjectId } | undefined
  const made = answer as { readonly device?: { readonly project?: ProjectId } } | undefined
  return asked?.project ?? made?.device?.project
}

type Step = (...given: unknown[]) => Promise<unknown>

/** An engine whose outcomes are counted for the statistics of their projects. */
export const countEngine = (engine: Engine, counters: Pick<Counters, 'count'>): Engine => {
  const counted = STEPS.map((name) => {
    const step = engine[name] as Step
    const watched: Step = async (...given) => {
      const answer = await step(...given)
      const seen = (answer ?? {}) as { readonly outcome?: Told } & Told
      const count = countOf(seen.outcome ?? seen)
      const project = projectOf(given[0], answer)
      if (count !== undefined && project !== undefined) counters.count(project, count)
      return answer
    }
    return [name, watched] as const
  })
  return { ...engine, ...Object.fromEntries(counted) }
}
