import { Refused, Unreachable, WrongUsage } from './failure.ts'
import { type Link, type LinkOptions, openLink } from './link.ts'
import type { BatchResult, Child, ChildOutcome, GatewaySide } from './platforms/platform.ts'
import { type PlatformName, platformOf } from './platforms/table.ts'
import { within } from './within.ts'

/** A simulated gateway that is connected and speaks for its children. */
export type SimGateway = {
  /** Announces one child. */
  readonly connectChild: (device: string) => Promise<void>
  /** Opens the windows of these children, in as many batches as the platform needs, one after the other. */
  readonly openWindows: (
    children: readonly Child[],
    onBatch?: (outcomes: readonly ChildOutcome[]) => void,
  ) => Promise<readonly ChildOutcome[]>
  readonly close: () => Promise<void>
}

const ANSWER_MS = 60_000

/** Cuts children into batches of at most so many items and about so many bytes each. */
export const inBatches = (
  children: readonly Child[],
  most: { items: number; bytes: number },
): Child[][] => {
  const batches: Child[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const child of children) {
    // No platform writes an item longer than this, with its comma.
    const size = Buffer.byteLength(JSON.stringify({ ...child, secretKey: '' })) + 1
    const last = batches.at(-1)
    if (last && last.length < most.items && bytes + size <= most.bytes) {
      last.push(child)
      bytes += size
      continue
    }
    batches.push([child])
    bytes = size
  }
  return batches
}

const openBatch = async (
  link: Link,
  side: GatewaySide,
  children: readonly Child[],
  answer: Promise<BatchResult>,
): Promise<readonly ChildOutcome[]> => {
  try {
    await link.say(side.open(children))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return children.map(({ device }) => ({ device, state: 'refused', reason: error.message }))
  }
  if (!side.answers) {
    return children.map(({ device }) => ({ device, state: 'sent', reason: undefined }))
  }
  const said = await within(ANSWER_MS, 'result of the batch', answer)
  if (said.kind === 'whole') return children.map(({ device }) => ({ device, ...said.outcome }))
  const { outcomes } = said
  if (outcomes.length !== children.length) {
    throw new Unreachable(`${outcomes.length} outcomes for ${children.length} children`)
  }
  return children.map(({ device }, index) => ({
    device,
    state: outcomes[index]?.state ?? 'unknown',
    reason: outcomes[index]?.reason,
  }))
}

/** Connects a gateway. Rejects with `Refused` for bad credentials, `Unreachable` after `timeoutMs`. */
export const connectGateway = async (
  options: LinkOptions & { readonly platform?: PlatformName | undefined },
): Promise<SimGateway> => {
  const side = platformOf(options.platform ?? 'latchkey').gateway
  if (side === undefined) throw new WrongUsage('a gateway is nothing of its own on this platform')
  let onResult = (_result: BatchResult) => {}
  const link = await openLink({
    ...options,
    subscriptions: side.subscriptions,
    onMessage(topic, payload) {
      const result = side.read(topic, payload)
      if (result) onResult(result)
    },
  })
  return {
    connectChild: (device) => link.say(side.connect(device)),
    close: link.close,
    async openWindows(children, onBatch) {
      const outcomes: ChildOutcome[] = []
      for (const batch of inBatches(children, side.batch)) {
        const answer = new Promise<BatchResult>((resolve) => {
          onResult = resolve
        })
        const part = await openBatch(link, side, batch, answer)
        outcomes.push(...part)
        onBatch?.(part)
      }
      return outcomes
    },
  }
}
