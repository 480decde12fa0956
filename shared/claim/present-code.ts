import type { ClaimId, DeviceId, Digest, HomeId, ProjectId } from '../model/ids.ts'
import { type Claimed, type Refused, refused } from '../model/outcomes.ts'
import type { Reason } from '../model/reasons.ts'
import type { ClaimCode, Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { joined, readOne, type Step, transact, unchanged } from '../store/transact.ts'
import { createCodeCommits, type Presented } from './code-commit.ts'
import { present, seen } from './code-rules.ts'
import { type Code, readCode } from './code-text.ts'
import { codeDigest } from './codes.ts'
import type { EngineContext, Snapshot } from './context.ts'
import type { Guesses } from './guesses.ts'
import { handover } from './handover.ts'
import type { Refusals } from './refusals.ts'
import { claimedBy } from './rules.ts'
import { standingOf } from './standing.ts'

/** A device brings the code that it was given. */
export type PresentCode = {
  readonly project: ProjectId
  readonly device: DeviceId
  /** As it came: either form, a native one with separators or without, in any case. */
  readonly code: string
  readonly via: string
}

type Answer = Claimed | Refused
/** `news`: the project whose apps have something to hear. `claim`: the one that was made by it. */
type Presenting = {
  readonly outcome: Answer
  readonly news?: ProjectId
  readonly claim?: ClaimId
  /** Whom the device was taken from. */
  readonly former?: HomeId
}

/** Of these the code's maker has no attempt at this device: nobody else could tell of them. */
const NO_ATTEMPT = new Set<Reason>(['code-unknown', 'device-not-in-project', 'too-many-attempts'])

/** The verb *redeem*, for codes. */
export const createCodePresenting = (
  context: EngineContext,
  guesses: Pick<Guesses, 'enter'>,
  { noted }: Pick<Refusals, 'noted'>,
) => {
  const { store, snapshot, wake, leftHome, tellClaim, counted, now, newId } = context
  const commits = createCodeCommits(context)

  const refusing = (shown: Presented, outcome: Refused): Step<Presenting> => {
    const change = commits.refused(shown, outcome)
    if (change === undefined) return { result: { outcome } }
    return { result: { outcome, news: shown.project }, change }
  }

  /** The code's record may be gone, but the owner that it made is still there. */
  const unknown = ({ owner, held, ...device }: Device, digest: string): Step<Presenting> => {
    const isRepeat = held?.proof === 'code' && held.secret === digest && owner !== undefined
    if (!isRepeat) return { result: { outcome: refused('code-unknown', true) } }
    return { result: { outcome: claimedBy({ ...device, owner }, held.claim, owner, false) } }
  }

  /** A code of another project: its maker is told, as long as it could have been used. */
  const foreign = async (project: ProjectId, digest: string, via: string) => {
    const outcome = refused('device-not-in-project', true)
    const found = await readOne<ClaimCode>(store, keys.code(project, digest))
    const { value: code } = found
    if (code === undefined || seen(code, now()).state !== 'open') return { result: { outcome } }
    return refusing({ project, found, code, device: undefined, via }, outcome)
  }

  const taking = (
    shown: Presented,
    { device: before }: Snapshot,
    outcome: Claimed,
    after: Device,
  ) =>
    outcome.fresh && before.value !== undefined
      ? handover({
          ...{ found: before, before: before.value, after, now: now(), notice: newId() },
          ...{ by: shown.code.user, via: shown.via, claim: shown.code.claim, offer: shown.code.id },
        })
      : { expect: [unchanged(before)] }

  const stepOf = async (command: PresentCode, digest: Digest): Promise<Step<Presenting>> => {
    const { project, device: id, via } = command
    const [place, sight] = await Promise.all([
      readOne<ProjectId>(store, keys.claimCode(digest)),
      snapshot(project, id),
    ])
    const { value: device } = sight.device
    if (device === undefined) return { result: { outcome: refused('device-unknown', true) } }
    if (place.value === undefined) return unknown(device, digest)
    if (place.value !== project) return foreign(place.value, digest, via)
    const found = await readOne<ClaimCode>(store, keys.code(project, digest))
    const { value: code } = found
    if (code === undefined) return unknown(device, digest)
    const shown = { project, found, code, device: id, via }
    const { outcome, device: after, before } = present(code, digest, device, sight.policy, now())
    if (outcome.state === 'refused') return refusing(shown, outcome)
    if (after === undefined) return { result: { outcome } }
    const { refusal, expect } = await standingOf(store, project, code.user, code.home)
    if (refusal !== undefined) return refusing(shown, refused('not-permitted', true))
    return {
      result: {
        ...{ outcome, news: project, claim: code.claim },
        ...(outcome.fresh && device.owner !== undefined ? { former: device.owner } : {}),
      },
      change: joined(taking(shown, sight, outcome, after), commits.used(shown, outcome), {
        expect,
        ...(before === undefined ? {} : { before }),
      }),
    }
  }

  const lookUp = async (command: PresentCode, code: Code): Promise<Answer> => {
    const guess = await guesses.enter(command.project, command.device, code)
    if ('state' in guess) return guess
    let answer: Presenting
    try {
      answer = await transact(store, () => stepOf(command, codeDigest(context, code)))
    } catch (cause) {
      guess.done()
      throw cause
    }
    const { outcome, news, claim, former } = answer
    if (former !== undefined) leftHome(command.project, command.device, former)
    else if (news !== undefined) wake(news)
    if (claim !== undefined) tellClaim(claim)
    if (outcome.state === 'refused' && outcome.reason === 'code-unknown') await guess.wrong()
    else guess.done()
    return outcome
  }

  /**
   * Gives the device to the code's maker, if it may. Of many that bring one code exactly one gets it; who got it is told
   * so again as long as nothing has changed.
   */
  const presentCode = async (command: PresentCode): Promise<Answer> => {
    const code = readCode(command.code)
    const outcome = code === undefined ? refused('code-unknown', true) : await lookUp(command, code)
    const { project, device, via } = command
    const told = counted('redeem', outcome)
    return noted({ project, device, via, what: 'code' }, told, (reason) => NO_ATTEMPT.has(reason))
  }

  return { presentCode }
}
