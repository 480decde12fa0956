import { randomInt } from 'node:crypto'
import { audited } from '../audit/line.ts'
import { INSTANCE } from '../audit/records.ts'
import { happened } from '../delivery/feed.ts'
import { lookupDigest } from '../guard/digests.ts'
import type { ClaimId, ProjectId } from '../model/ids.ts'
import { type Refused, refused } from '../model/outcomes.ts'
import type { Attempt, Device, Project, ProvisioningToken } from '../model/records.ts'
import { createDevices, type Entitlement, type MadeDevice } from '../registry/devices.ts'
import { keys } from '../store/keys.ts'
import { type Found, joined, readOne, unchanged } from '../store/transact.ts'
import { recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'
import { told } from './handover.ts'
import { closed, keptToken } from './provisioning-tokens.ts'
import type { Refusals } from './refusals.ts'
import { standingOf } from './standing.ts'

/** Somebody brings a token. `address`: the network that wrong ones are counted under. */
export type RedeemProvisioningToken = {
  readonly token: string
  readonly address: string
  readonly via: string
}

/** The device that came into being, owned by the home, and its one credential. */
export type Provisioned = MadeDevice & { readonly state: 'provisioned' }

/** Wrong tokens of one network, and in which time; a right one is good all the same. */
export const WRONG_TOKENS = { perAddress: 100, windowMs: 600_000 } as const

/** Wrong tokens belong to no project. */
const NOBODYS = '~provisioning' as ProjectId

const whyNot = (token: ProvisioningToken | undefined, now: number): Refused | undefined => {
  if (token === undefined) return refused('token-unknown', true)
  if (token.used !== undefined) return refused('token-used', true)
  return now < token.expiresAt ? undefined : refused('token-expired', true)
}

/** The verb *redeem*, for provisioning tokens. */
export const createProvision = (
  context: EngineContext,
  { noteRefusal }: Pick<Refusals, 'noteRefusal'>,
) => {
  const { store, wake, counted, now, newId } = context
  const devices = createDevices({ ...context, random: (below) => randomInt(below) })

  /** What belongs to the commit that makes the device: the token used up, the claim, and who is told. */
  const usedUp = (
    { key }: Found<ProvisioningToken>,
    token: ProvisioningToken,
    device: Device,
    claim: ClaimId,
    via: string,
  ) => {
    const at = now()
    const { owner: home, ...unowned } = device
    const { user } = token
    const { project, id, epoch } = device
    const attempt: Attempt = {
      ...{ id: claim, project, user, device: id, asked: 'a provisioning token', at },
      ...(home === undefined ? {} : { home }),
      ...{ state: 'claimed', entitled: true, epoch, via },
    }
    const data = { id: claim, state: 'claimed', device: id, epoch }
    return joined(keptToken(key, { ...token, used: { device: id, at } }), recorded(attempt), {
      before: token.expiresAt,
      append: [
        ...told({
          ...{ before: { ...unowned, epoch: 0 }, after: device, now: at, notice: newId() },
          ...{ by: user, via, claim },
        }),
        ...happened(project, { at, type: 'claim.changed', user, data }, newId()),
      ],
    })
  }

  const redeemIn = async (project: ProjectId, digest: string, via: string) => {
    const key = keys.provisioningToken(project, digest)
    const { value: first } = await readOne<ProvisioningToken>(store, key)
    let refusal = whyNot(first, now())
    if (first === undefined || refusal !== undefined) return refusal ?? closed
    const { home, user, deviceClass, tag } = first
    const claim = newId() as ClaimId
    const look = async (device: Device): Promise<Entitlement | undefined> => {
      const [found, space, standing] = await Promise.all([
        readOne<ProvisioningToken>(store, key),
        readOne<Project>(store, keys.project(project)),
        standingOf(store, project, user, home),
      ])
      const isOpen = space.value?.provisioning === 'on-demand'
      const hasGone = standing.refusal && refused('not-permitted', true)
      refusal = whyNot(found.value, now()) ?? (isOpen ? hasGone : closed)
      if (found.value === undefined || refusal !== undefined) return undefined
      const expect = [unchanged(found), unchanged(space), ...standing.expect]
      return { ...usedUp(found, found.value, device, claim, via), expect }
    }
    const held = { claim, user, proof: 'token', at: now() } as const
    const wanted = {
      project,
      deviceClass,
      tag,
      owner: home,
      held,
      provisioned: 'on-demand',
    } as const
    const made = await devices.createWith(wanted, look)
    if (made === 'name-taken') return refused('name-taken', true)
    return made ?? refusal ?? closed
  }

  /** A wrong token is counted; who brings only wrong ones hears nothing else any more for a while. */
  const wrong = async (address: string, refusal: Refused): Promise<Refused> => {
    const { perAddress, windowMs } = WRONG_TOKENS
    const counter = keys.budget(NOBODYS, `wrong-tokens:${address}`)
    const { count, resetInMs } = await store.count(counter, windowMs, 1)
    if (count <= perAddress) {
      const { reason } = refusal
      const line = { at: now(), project: INSTANCE, type: 'offer.refused', reason } as const
      await store.commit({ append: [audited({ ...line, what: 'provisioning' })] })
      return refusal
    }
    return { ...refused('too-many-attempts', true), retryAfterMs: Math.max(1000, resetInMs) }
  }

  /** In the story of the device that the token has become; there is none of one that it has not. */
  const tellOf = async (project: ProjectId, digest: string, { reason }: Refused, via: string) => {
    const { value } = await readOne<ProvisioningToken>(
      store,
      keys.provisioningToken(project, digest),
    )
    if (value?.used !== undefined) {
      const { device } = value.used
      return noteRefusal({ project, device, what: 'provisioning', reason, via })
    }
    const who = value === undefined ? {} : { user: value.user, home: value.home }
    const line = { at: now(), project, type: 'offer.refused', reason, via, ...who } as const
    await store.commit({ append: [audited({ ...line, what: 'provisioning' })] })
  }

  const redeem = async (command: RedeemProvisioningToken): Promise<Provisioned | Refused> => {
    const digest = lookupDigest(command.token)
    const { value: project } = await readOne<ProjectId>(store, keys.provisioning(digest))
    if (project === undefined) return wrong(command.address, refused('token-unknown', true))
    const made = await redeemIn(project, digest, command.via)
    if ('state' in made) {
      await tellOf(project, digest, made, command.via)
      return made
    }
    wake(project)
    return { state: 'provisioned', ...made }
  }

  /**
   * Makes the device for which a token stands, owned by the token's home, in one commit: of many that bring one token
   * exactly one gets a device.
   */
  const redeemProvisioningToken = async (command: RedeemProvisioningToken) =>
    counted('redeem', await redeem(command))

  return { redeemProvisioningToken }
}
