import type { ClaimId, DeviceId, HomeId, OfferId, ProjectId, UserId } from '../model/ids.ts'
import { type Claimed, type Refused, refused, type Waiting } from '../model/outcomes.ts'
import { policyInForce } from '../model/policy.ts'
import type { Attempt, Device, Link, Notice, Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Change } from '../store/port.ts'
import {
  type Found,
  found,
  put,
  readOne,
  type Step,
  transact,
  unchanged,
} from '../store/transact.ts'
import { recorded } from './attempts.ts'
import type { EngineContext } from './context.ts'
import { handover, NOTICE_TTL_MS, NOTICES_KEEP } from './handover.ts'
import { type Half, type Meeting, meet } from './link-rules.ts'
import { createOpenLinks } from './open-links.ts'
import { ownedBy } from './owning.ts'
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

type Sight = {
  readonly link: Found<Link>
  readonly ttlMs: number
  readonly openLinks: number
  readonly device: Found<Device> | undefined
  readonly isOver: boolean
}

const waitingFor = ({ id, expiresAt }: Link): Waiting => ({
  state: 'waiting',
  offer: id,
  expiresAt,
})

/** The verb *redeem* for links, where either half may come first. */
export const createLinks = (context: EngineContext) => {
  const { store, digests, wake, counted, log, now, newId } = context
  const openLinks = createOpenLinks(context)

  const look = async (project: ProjectId, digest: string, half: Half): Promise<Sight> => {
    const wanted = [keys.link(project, digest), keys.project(project)] as const
    const [linkEntry, projectEntry] = await store.read(wanted)
    const link = found<Link>(wanted[0], linkEntry)
    const policy = policyInForce(found<Project>(wanted[1], projectEntry).value?.policy ?? {})
    const deviceOf = async (id: DeviceId | undefined) =>
      id === undefined ? undefined : readOne<Device>(store, keys.device(project, id))
    const device = await deviceOf(half.side === 'device' ? half.device : link.value?.device)
    const linked = link.value?.state === 'linked' ? link.value : undefined
    const given = linked?.device === device?.value?.id ? device : await deviceOf(linked?.device)
    const isOver = linked !== undefined && given?.value?.epoch !== linked.epoch
    return { link, ttlMs: policy.linkTtlMs, openLinks: policy.openLinksPerAccount, device, isOver }
  }

  const tellClaim = (claim: ClaimId): void => {
    store.announce('claims', claim).catch((cause: unknown) => {
      log.debug({ cause }, 'a wake-up was lost; whoever waits asks again')
    })
  }

  /** An account's claim as it is from now on. */
  const settled = async (
    project: ProjectId,
    claim: ClaimId,
    after: Partial<Attempt>,
  ): Promise<Pick<Change, 'put' | 'append'>> => {
    const present = await readOne<Attempt>(store, keys.attempt(project, claim))
    if (present.value === undefined) return {}
    const { expiresAt: _expiresAt, ...rest } = present.value
    return recorded({ ...rest, ...after })
  }

  const joined = (...changes: readonly Change[]): Change => ({
    expect: changes.flatMap(({ expect }) => expect ?? []),
    put: changes.flatMap(({ put: puts }) => puts ?? []),
    add: changes.flatMap(({ add }) => add ?? []),
    drop: changes.flatMap(({ drop }) => drop ?? []),
    append: changes.flatMap(({ append }) => append ?? []),
  })

  const kept = (sight: Sight, link: Link): Change => ({
    expect: [unchanged(sight.link)],
    put: [put(sight.link.key, link, link.expiresAt)],
  })

  /** A device whose half came to nothing has to hear of it. */
  const toldDevice = (project: ProjectId, device: Device, link: Link): Change => {
    const notice: Notice = {
      id: newId(),
      device: device.id,
      epoch: device.epoch,
      offer: link.id,
      refused: 'link-contested',
      at: now(),
    }
    return {
      append: [
        {
          log: keys.notices(project),
          item: JSON.stringify(notice),
          keep: NOTICES_KEEP,
          ttlMs: NOTICE_TTL_MS,
        },
      ],
    }
  }

  const contested = async (
    project: ProjectId,
    sight: Sight,
    { link, isNew }: Extract<Meeting, { kind: 'contested' }>,
  ): Promise<Change> => {
    if (!isNew) return {}
    const { account, device: waiting } = link
    const claim: Change =
      account === undefined
        ? {}
        : await settled(project, account.claim, {
            state: 'refused',
            reason: 'link-contested',
            entitled: true,
          })
    const device =
      waiting === undefined
        ? undefined
        : (await readOne<Device>(store, keys.device(project, waiting))).value
    return joined(
      kept(sight, link),
      claim,
      device === undefined ? {} : toldDevice(project, device, link),
    )
  }

  /** Both halves are there: the device changes hands, if it may. */
  const link = async (
    project: ProjectId,
    sight: Sight,
    { link: present, account, device: id }: Extract<Meeting, { kind: 'met' }>,
    attempt: Attempt | undefined,
    via: string,
  ): Promise<Step<Claimed | Refused>> => {
    const device = sight.device?.value
    if (sight.device === undefined || device === undefined)
      return { result: refused('device-unknown', true) }
    if (device.owner !== undefined && device.owner !== account.home)
      return { result: refused('owned-by-another', true) }
    if (device.claimingAllowed === false) return { result: refused('claiming-not-allowed', true) }
    const at = now()
    const isHis = device.owner === account.home
    const { user, home, claim } = account
    const after = isHis ? device : ownedBy(device, { claim, user, home, proof: 'link' }, at)
    const done: Partial<Attempt> = {
      state: 'claimed',
      device: id,
      epoch: after.epoch,
      entitled: true,
    }
    const claimRecord =
      attempt === undefined
        ? await settled(project, claim, done)
        : recorded({ ...attempt, ...done })
    const linked: Link = { ...present, state: 'linked', epoch: after.epoch }
    const moved: Change = isHis
      ? { expect: [unchanged(sight.device)] }
      : handover({
          found: sight.device,
          before: device,
          after,
          now: at,
          notice: newId(),
          by: user,
          via,
          claim,
          offer: present.id,
        })
    return {
      result: { ...claimedBy(after, claim, home, !isHis), offer: present.id },
      change: joined(kept(sight, linked), moved, claimRecord),
    }
  }

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
    return counted('redeem', outcome)
  }

  return { linkByAccount, linkByDevice }
}
