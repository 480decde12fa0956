import type { Metrics, Verb } from '../metrics.ts'
import { observed } from '../observed.ts'
import type { Attributes, Tracer } from '../trace/tracer.ts'
import type { Engine } from './engine.ts'

type Watched = {
  readonly metrics: Pick<Metrics, 'claimTook'>
  readonly tracer?: Tracer | undefined
}

/** Which of the four verbs each step of the engine is. */
const VERBS: Readonly<Record<keyof Engine, Verb>> = {
  offerWindow: 'offer',
  offerBoxKey: 'offer',
  setClaimMode: 'offer',
  makeCode: 'offer',
  makeProvisioningToken: 'offer',
  askForTransfer: 'offer',
  noteRefusal: 'offer',
  redeemDevice: 'redeem',
  linkByAccount: 'redeem',
  linkByDevice: 'redeem',
  presentCode: 'redeem',
  redeemProvisioningToken: 'redeem',
  answerTransfer: 'redeem',
  refuseClaim: 'redeem',
  releaseDevice: 'release',
  lookAtCode: 'look',
  lookAtTransfer: 'look',
}

/** State and reason of what came of it: words of closed lists. */
const told = (answer: unknown): Attributes => {
  const seen = (answer ?? {}) as { outcome?: object; state?: unknown; reason?: unknown }
  const { state, reason } = (seen.outcome ?? seen) as { state?: unknown; reason?: unknown }
  return {
    ...(typeof state === 'string' ? { 'latchkey.outcome': state } : {}),
    ...(typeof reason === 'string' ? { 'latchkey.reason': reason } : {}),
  }
}

type Step = (...given: unknown[]) => Promise<unknown>

/** An engine that says how long it took. */
export const observeEngine = (engine: Engine, { metrics, tracer }: Watched): Engine => {
  const steps = Object.entries(VERBS).map(([name, verb]) => {
    const step = engine[name as keyof Engine] as Step
    const seen = { took: (seconds: number) => metrics.claimTook(verb, seconds), told }
    const attributes = { 'latchkey.verb': verb }
    const watched: Step = (...given) =>
      observed(tracer, `claim ${name}`, 'internal', attributes, seen, () => step(...given))
    return [name, watched] as const
  })
  return Object.fromEntries(steps) as unknown as Engine
}
