import type { ClaimId, DeviceId, HomeId, OfferId, ProjectId, UserId } from '../model/ids.ts'
import { type Claimed, type Refused, refused, type Waiting } from '../model/outcomes.ts'
import type { Attempt, Link } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { joined, readOne, type Step, transact } from '../store/transact.ts'
import { recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'
import { type Half, meet } from './link-rules.ts'
import { createMeetings } from './meetings.ts'
import { createOpenLinks } from './open-links.ts'
import type { Refusals } from './refusals.ts'
import { claimedBy } from './rules.ts'

/** An account brings its half of a link: an exact text of 1 to 256 characters. */
export type LinkByAccount = {
  readonly project: ProjectId
  readonly user: UserId
  readonly home: HomeId
  /** Whether the maker lets this user claim devices. */
  readonly permitted: boolean
  readonly linkId: string
  readonly via: string
}

/** A device brings its half. */
export type LinkByDevice = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly linkId: string
  readonly via: string
}

type Linked = Claimed | Waiting | Refused

/** What became of an account's half, and the id under which it can be asked for. */
export type LinkAnswer = { readonly attempt: ClaimId; readonly outcome: Linked }

const waitingFor = ({ id, expiresAt }: Link): Waiting => ({
  state: 'waiting',
  offer: id,
  expiresAt,
})

/** The verb *redeem* for links, where either half may come first. */
export const createLinks = (context: EngineContext, { noted }: Pick<Refusals, 'noted'>) => {
  const { store, digests, wake, tellClaim, counted, now, newId } = context
  const openLinks = createOpenLinks(context)
  const { look, contested, kept, link } = createMeetings(context)

  const stepOfAccount = async (
    command: LinkByAccount,
    claim: ClaimId,
  ): Promise<Step<LinkAnswer>> => {
    const { project, user, home, via } = command
    const digest = digests.secret('link', command.linkId)
    const half: Half = { side: 'account', user, home, claim }
    const sight = await look(project, digest, half)
    const attempt: Attempt = {
      id: claim,
      project,
      user,
      home,
      asked: 'a link id',
      at: now(),
      state: 'refused',
      entitled: true,
      via,
    }
    const no = (reason: Refused): Step<LinkAnswer> => ({
      result: { attempt: claim, outcome: reason },
      change: recorded({ ...attempt, reason: reason.reason }),
    })
    if (!command.permitted) return no(refused('not-permitted', true))
    const fresh = { id: newId() as OfferId, ttlMs: sight.ttlMs }
    const meeting = meet(sight.link.value, half, fresh, now(), sight.isOver)
    switch (meeting.kind) {
      case 'first': {
        const room = await openLinks.room(project, user, digest, sight.openLinks, meeting.link)
        if ('state' in room) return no(room)
        const { expiresAt } = meeting.link
        const waits = recorded({ ...attempt, state: 'waiting', expiresAt })
        return {
          result: { attempt: claim, outcome: waitingFor(meeting.link) },
          change: joined(kept(sight, meeting.link), room, waits),
        }
      }
      case 'again':
        return {
          result: {
            attempt: meeting.link.account?.claim ?? claim,
            outcome: waitingFor(meeting.link),
          },
        }
      case 'linked': {
        const first = meeting.link.account?.claim ?? claim
        const device = sight.device?.value
        if (device === undefined) return no(refused('device-unknown', true))
        return {
          result: {
            attempt: first,
            outcome: { ...claimedBy(device, first, home, false), offer: meeting.link.id },
          },
        }
      }
      case 'contested': {
        const refusal = no(refused('link-contested', true))
        const others = await contested(project, sight, meeting)
        return { ...refusal, change: joined(refusal.change ?? {}, others) }
      }
      case 'met': {
        const step = await link(project, sight, meeting, attempt, via)
        if (step.result.state === 'refused') return no(step.result)
        return { result: { attempt: claim, outcome: step.result }, ...changeOf(step) }
      }
    }
  }

  const changeOf = ({ change }: Step<unknown>) => (change === undefined ? {} : { change })

  const stepOfDevice = async (command: LinkByDevice): Promise<Step<Linked>> => {
    const { project, device: id, via } = command
    const digest = digests.secret('link', command.linkId)
    const half: Half = { side: 'device', device: id }
    const sight = await look(project, digest, half)
    const device = sight.device?.value
    if (device === undefined) return { result: refused('device-unknown', true) }
    const fresh = { id: newId() as OfferId, ttlMs: sight.ttlMs }
    const meeting = meet(sight.link.value, half, fresh, now(), sight.isOver)
    switch (meeting.kind) {
      case 'first':
        if (device.owner !== undefined) return { result: refused('owned-by-another', true) }
        if (device.claimingAllowed === false)
          return { result: refused('claiming-not-allowed', true) }
        return { result: waitingFor(meeting.link), change: kept(sight, meeting.link) }
      case 'again':
        return { result: waitingFor(meeting.link) }
      case 'linked': {
        const { account } = meeting.link
        if (account === undefined) return { result: refused('link-contested', true) }
        return {
          result: {
            ...claimedBy(device, account.claim, account.home, false),
            offer: meeting.link.id,
          },
        }
      }
      case 'contested':
        return {
          result: refused('link-contested', true),
          change: await contested(project, sight, meeting),
        }
      case 'met':
        return link(project, sight, meeting, undefined, via)
    }
  }

  /** Whoever waits with a claim on this link hears that something has come of it. */
  const tellWaiting = async (project: ProjectId, linkId: string): Promise<void> => {
    const { value } = await readOne<Link>(store, keys.link(project, digests.secret('link', linkId)))
    if (value?.account !== undefined) tellClaim(value.account.claim)
    wake(project)
  }

  const linkByAccount = async (command: LinkByAccount): Promise<LinkAnswer> => {
    const claim = newId() as ClaimId
    const answer = await transact(store, () => stepOfAccount(command, claim))
    if (answer.outcome.state !== 'waiting') await tellWaiting(command.project, command.linkId)
    counted('redeem', answer.outcome)
    return answer
  }

  const linkByDevice = async (command: LinkByDevice): Promise<Linked> => {
    const outcome = await transact(store, () => stepOfDevice(command))
    if (outcome.state !== 'waiting') await tellWaiting(command.project, command.linkId)
    const { project, device, via } = command
    return noted({ project, device, via, what: 'link' }, counted('redeem', outcome))
  }

  return { linkByAccount, linkByDevice }
}
