import type { FastifyReply } from 'fastify'
import type { Refused } from '../../../shared/model/outcomes.ts'
import type { Reason } from '../../../shared/model/reasons.ts'
import type { Device, Home } from '../../../shared/model/records.ts'
import { networkOf } from '../../address.ts'
import { mayClaim } from '../../auth.ts'
import { createAccess } from './access.ts'
import type { UserCaller } from './callers.ts'
import { createDeviceBodies } from './device-body.ts'
import { type Fault, notSignedIn, refuse } from './faults.ts'
import { formOf } from './form.ts'
import type { Room } from './room.ts'

const newOf = formOf({ homeId: 'integer', claimCode: 'text', token: 'text' })
const changesOf = formOf({ name: 'text', tag: 'text' })

const LONGEST_NAME = 255
/** A home's devices are told in one answer, up to so many. */
const MOST_DEVICES = 1000

/** Every other refusal of a claim is one and the same: research/mode_thethings_thingful.md 1.11 (5). */
const FAULT_OF_CLAIM: { readonly [R in Reason]?: Fault } = {
  'already-yours': 'DEVICE_ALREADY_IN_HOME',
  'not-a-member': 'PERMISSION_DENIED',
  'not-permitted': 'PERMISSION_DENIED',
  'too-many-attempts': 'TOO_MANY_REQUESTS',
}

const FAULT_OF_TOKEN: { readonly [R in Reason]?: Fault } = {
  'provisioning-closed': 'PERMISSION_DENIED',
  'not-a-member': 'PERMISSION_DENIED',
  'not-permitted': 'PERMISSION_DENIED',
  'too-many-attempts': 'TOO_MANY_REQUESTS',
}

/** Devices of a home: seed 003, Devices. */
export const deviceRoutes = (room: Room) => {
  const { registry, engine, now, on } = room
  const { devices, projects, clearing } = registry
  const { homeFor, deviceFor, projectNumber } = createAccess(room)
  const bodies = createDeviceBodies(registry, now)

  on('get devices', async ({ caller, request, reply, absent }) => {
    const { homeId } = request.query
    if (homeId === undefined || homeId === '') return refuse(reply, 'MISSING_PARAMETERS')
    const home = await homeFor(caller, homeId)
    if (home === undefined) return absent()
    const { items } = await devices.listOfHome(home.project, home.id, undefined, MOST_DEVICES)
    const owned = items.filter(({ owner }) => owner === home.id)
    return reply.send(await bodies.of(owned, await projectNumber(caller)))
  })

  on('get device', async ({ caller, request, reply, absent }) => {
    const device = await deviceFor(caller, request.params.deviceId)
    if (device === undefined) return absent()
    return reply.send(await bodies.one(device, await projectNumber(caller)))
  })

  const refuseAs = (reply: FastifyReply, { retryAfterMs }: Refused, fault: Fault) =>
    refuse(reply, fault, retryAfterMs)

  /** The device was there before: it is in claim mode, and its code is known. */
  const claim = async (
    { user }: UserCaller,
    home: Home,
    code: string,
    reply: FastifyReply,
    address: string,
  ) => {
    const { outcome } = await engine.redeemDevice({
      project: user.project,
      user: user.id,
      permitted: mayClaim(user),
      home: home.id,
      address,
      asked: 'a claim code',
      device: (await devices.findByPrinted(user.project, code))?.id,
      secret: code,
      isPrinted: true,
      via: 'mode',
    })
    if (outcome.state === 'refused')
      return refuseAs(reply, outcome, FAULT_OF_CLAIM[outcome.reason] ?? 'DEVICE_NOT_CLAIMABLE')
    const device = await devices.get(user.project, outcome.device)
    return device === undefined ? refuse(reply, 'DEVICE_NOT_CLAIMABLE') : added(reply, device)
  }

  const added = async (reply: FastifyReply, device: Device, apiKey?: string) => {
    const projectId = (await projects.get(device.project))?.number ?? 0
    const body = await bodies.one(device, projectId)
    return reply
      .code(201)
      .header('cache-control', 'no-store')
      .send({ ...body, ...(apiKey === undefined ? {} : { apiKey }) })
  }

  /** The device comes into being: it says so itself, with nothing but the token that a member gave it. */
  const provision = async (token: string, reply: FastifyReply, address: string) => {
    const made = await engine.redeemProvisioningToken({ token, address, via: 'mode' })
    if (made.state === 'refused')
      return refuseAs(reply, made, FAULT_OF_TOKEN[made.reason] ?? 'INVALID_TOKEN')
    return added(reply, made.device, made.token)
  }

  on('add device', async ({ caller, request, reply, absent }) => {
    const form = newOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const { homeId, claimCode, token } = form
    const address = networkOf(request.ip)
    // One library sends a user's key and a home beside the token: research 1.5.
    if (token !== undefined) return provision(token, reply, address)
    if (caller.kind === 'nobody') return notSignedIn(reply)
    if (caller.kind !== 'user') return refuse(reply, 'PERMISSION_DENIED')
    if (homeId === undefined || claimCode === undefined) return refuse(reply, 'MISSING_PARAMETERS')
    const home = await homeFor(caller, String(homeId))
    if (home === undefined) return absent()
    return claim(caller, home, claimCode, reply, address)
  })

  on('update device', async ({ caller, request, reply, absent }) => {
    const device = await deviceFor(caller, request.params.deviceId)
    if (device === undefined) return absent()
    const form = changesOf(request.body)
    if ('fault' in form) return refuse(reply, form.fault)
    const { name, tag } = form
    if ([name, tag].some((text) => text !== undefined && text.length > LONGEST_NAME))
      return refuse(reply, 'INVALID_PARAMETER')
    const wanted = {
      ...(name === undefined ? {} : { name }),
      ...(tag === undefined ? {} : { tag }),
    }
    const changed = await devices.change(device.project, device.id, (present) =>
      present.owner === device.owner
        ? { ...present, called: { ...present.called, ...wanted } }
        : present,
    )
    return changed?.owner === device.owner ? reply.code(204).send() : absent()
  })

  on('delete device', async ({ caller, request, reply, absent }) => {
    const device = await deviceFor(caller, request.params.deviceId)
    if (device?.owner === undefined) return absent()
    const { project, id, owner } = device
    const by = caller.user.id
    const done = await clearing.giveUp({ project, device: id, home: owner, by, via: 'mode' })
    return done === 'not-theirs' ? absent() : reply.code(204).send()
  })
}
