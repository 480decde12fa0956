import { randomBytes, randomInt } from 'node:crypto'
import { lookupDigest } from '../guard/digests.ts'
import type { ClaimId, Digest, HomeId, OfferId, ProjectId, UserId } from '../model/ids.ts'
import type { Opened, Refused } from '../model/outcomes.ts'
import { policyInForce } from '../model/policy.ts'
import type { ClaimCode, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { joined, put, readMany, readOne, type Step, transact } from '../store/transact.ts'
import { ATTEMPT_TTL_MS, recorded } from './attempts.ts'
import { attemptOfCode, keptCode } from './code-commit.ts'
import { type CodeSeen, seen } from './code-rules.ts'
import {
  ALPHABET,
  type Code,
  type CodeForm,
  NATIVE_LENGTH,
  nativeCode,
  particleCode,
  readCode,
  shownCode,
} from './code-text.ts'
import type { EngineContext } from './context.ts'
import type { Guesses } from './guesses.ts'
import { createOpenHalves, type OpenHalf } from './open-halves.ts'
import { standingOf } from './standing.ts'

/** An account makes its half, for one of its homes. */
export type MakeCode = {
  readonly project: ProjectId
  readonly user: UserId
  readonly home: HomeId
  readonly form: CodeForm
  readonly via: string
}

/** The code, which can be read only now, and the claim that waits for the device that brings it. */
export type MadeCode = Opened & { readonly code: string; readonly claim: ClaimId }

/** The code's maker asks what became of it. */
export type LookAtCode = {
  readonly project: ProjectId
  readonly user: UserId
  readonly code: string
}

/** Open codes of one account: the next one waits until one is used or over. */
export const MOST_OPEN_CODES = 50

const PARTICLE_BYTES = 48

const freshCode = (form: CodeForm): Code =>
  form === 'particle'
    ? particleCode(randomBytes(PARTICLE_BYTES))
    : nativeCode(Array.from({ length: NATIVE_LENGTH - 1 }, () => randomInt(ALPHABET.length)))

/** What a code is looked up by: a long one has entropy enough, a short one needs the instance key. */
export const codeDigest = (
  { digests }: Pick<EngineContext, 'digests'>,
  { form, text }: Code,
): Digest =>
  form === 'particle' ? (lookupDigest(text) as Digest) : digests.secret('claim code', text)

/** The verbs *offer* and *look*, for codes. */
export const createCodes = (context: EngineContext, guesses: Pick<Guesses, 'countCode'>) => {
  const { store, counted, now, newId } = context
  const openHalves = createOpenHalves(context)

  const stillOpen = async (project: ProjectId, codes: readonly OpenHalf[]) => {
    const wanted = codes.map(({ digest }) => keys.code(project, digest))
    const records = await readMany<ClaimCode>(store, wanted)
    return codes.filter((_, place) => {
      const code = records[place]?.value
      return code !== undefined && seen(code, now()).state === 'open'
    })
  }

  const stepOf = async (
    command: MakeCode,
    code: Code,
    ttlMs: number,
    count: () => Promise<Refused | undefined>,
  ): Promise<Step<MadeCode | Refused>> => {
    const { project, user, home, via } = command
    const { refusal, expect } = await standingOf(store, project, user, home)
    if (refusal !== undefined) return { result: refusal }
    const at = now()
    const expiresAt = at + ttlMs
    const claim = newId() as ClaimId
    const record: ClaimCode = {
      ...{ id: newId() as OfferId, user, home, claim, createdAt: at, expiresAt },
    }
    const digest = codeDigest(context, code)
    const room = await openHalves.room({
      key: keys.codesOf(project, user),
      half: { digest, expiresAt },
      most: MOST_OPEN_CODES,
      stillOpen: (codes) => stillOpen(project, codes),
    })
    if ('state' in room) return { result: room }
    const tooMany = await count()
    if (tooMany !== undefined) return { result: tooMany }
    const key = keys.code(project, digest)
    // The record makes a code good; this only says which project that is in.
    const place = keys.claimCode(digest)
    await store.commit({ put: [put(place, project, expiresAt + ATTEMPT_TTL_MS)] })
    const waits = attemptOfCode(project, record, {
      ...{ id: claim, at, state: 'waiting', expiresAt, via },
    })
    return {
      result: { state: 'open', offer: record.id, claim, code: shownCode(code), expiresAt },
      change: joined(
        { expect: [...expect, { key, version: undefined }] },
        keptCode({ key }, record),
        room,
        recorded(waits),
      ),
    }
  }

  /** Makes a code, good once and for one device. */
  const makeCode = async (command: MakeCode): Promise<MadeCode | Refused> => {
    const { project, form } = command
    const space = await readOne<Project>(store, keys.project(project))
    const { claimCodeTtlMs: ttlMs } = policyInForce(space.value?.policy ?? {})
    let counting: Promise<Refused | undefined> | undefined
    const count = async () => {
      counting ??= form === 'native' ? guesses.countCode(project, ttlMs) : undefined
      return counting
    }
    return counted(
      'offer',
      await transact(store, () => stepOf(command, freshCode(form), ttlMs, count)),
    )
  }

  /** What became of a code. `undefined`: there is none, or it is somebody else's. */
  const lookAtCode = async ({ project, user, code }: LookAtCode): Promise<CodeSeen | undefined> => {
    const read = readCode(code)
    if (read === undefined) return undefined
    const record = await readOne<ClaimCode>(store, keys.code(project, codeDigest(context, read)))
    return record.value?.user === user ? seen(record.value, now()) : undefined
  }

  return { makeCode, lookAtCode }
}
