import { parseJson } from '../../shared/check.ts'
import {
  type ClaimInfo,
  claimInfoOf,
  THINGSBOARD_WINDOW,
} from '../../shared/dialects/thingsboard.ts'
import type { Device } from '../../shared/model/records.ts'
import { type Connection, inOrder } from '../connection.ts'
import type { BrokerContext, Handler, Verdict } from '../dialect.ts'
import { eachInLane } from '../lanes.ts'
import { MALFORMED } from './thingsboard-topics.ts'

const LONGEST_NAME = 255

const isName = (name: unknown): name is string =>
  typeof name === 'string' && name.trim() !== '' && name.length <= LONGEST_NAME

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A gateway speaks for its own children, for free devices, and for those of its owner. */
const mayAdopt = (gateway: Device, child: Device): boolean =>
  !child.gateway && (child.owner === undefined || child.owner === gateway.owner)

/** The child of that name as the gateway's own; one that nobody knows is made: research/thingsboard.md 3. */
const connectChild = async (
  { registry: { devices } }: BrokerContext,
  gateway: Device,
  name: string,
): Promise<Device | undefined> => {
  const { id: parent, project, owner } = gateway
  const known = await devices.findByName(project, name)
  if (known === undefined) {
    const made = await devices.create({ project, name, parent, owner })
    // Another gateway, or another message of ours, has made it meanwhile.
    return made === 'name-taken' ? devices.findByName(project, name) : made.device
  }
  if (known.parent === parent || !mayAdopt(gateway, known)) return known
  return devices.change(project, known.id, (child) =>
    mayAdopt(gateway, child) ? { ...child, parent } : child,
  )
}

/** Runs a step for a gateway as it is now. A device that is none hears nothing at all: research/thingsboard.md 1.1. */
const asGateway =
  (
    step: (context: BrokerContext, gateway: Device, payload: unknown) => Promise<Verdict>,
  ): Handler =>
  async (context, connection: Connection, payload) => {
    if (!connection.isGateway) return 'unacknowledged'
    const json = parseJson(payload)
    if (json === undefined) return MALFORMED
    return inOrder(connection, async () => {
      const { project, device } = connection
      const gateway = await context.registry.devices.get(project, device)
      return gateway === undefined ? 'closed' : step(context, gateway, json)
    })
  }

const nameIn = (json: unknown): string | undefined => {
  const name = isObject(json) ? new Map(Object.entries(json)).get('device') : undefined
  return isName(name) ? name : undefined
}

const connect = asGateway(async (context, gateway, json) => {
  const name = nameIn(json)
  if (name === undefined) return MALFORMED
  await connectChild(context, gateway, name)
  return 'acknowledged'
})

const disconnect = asGateway(async ({ registry: { devices } }, gateway, json) => {
  const name = nameIn(json)
  if (name === undefined) return MALFORMED
  const child = await devices.findByName(gateway.project, name)
  if (child?.parent === gateway.id)
    await devices.change(gateway.project, child.id, ({ parent, ...rest }) =>
      parent === undefined || parent === gateway.id ? rest : { ...rest, parent },
    )
  return 'acknowledged'
})

/** The gateway hears nothing of it, but the maker of the device can. */
const noteForeign = ({ engine }: BrokerContext, { project, id: device }: Device) =>
  engine.noteRefusal({
    ...{ project, device, what: 'gateway', reason: 'gateway-not-entitled', via: 'thingsboard' },
  })

const claimChild = async (
  context: BrokerContext,
  gateway: Device,
  name: string,
  info: ClaimInfo,
): Promise<void> => {
  const child = await connectChild(context, gateway, name)
  if (child?.parent !== gateway.id) {
    if (child !== undefined) await noteForeign(context, child)
    return
  }
  await context.engine.offerWindow({
    project: gateway.project,
    device: child.id,
    ...info,
    rule: THINGSBOARD_WINDOW,
    via: 'thingsboard',
  })
}

/** Each entry for itself; one PUBACK when all of them are stored. */
const claims = asGateway(async (context, gateway, json) => {
  if (!isObject(json)) return 'dismissed'
  const entries = Object.entries(json).filter(([name, info]) => isObject(info) && isName(name))
  if (entries.length === 0) return 'dismissed'
  const results = await eachInLane(
    entries,
    ([name]) => name,
    async ([name, value]): Promise<Verdict> => {
      const info = claimInfoOf(value)
      if (typeof info === 'string') return MALFORMED
      await claimChild(context, gateway, name, info)
      return 'acknowledged'
    },
  )
  return results.find((verdict) => verdict !== 'acknowledged') ?? 'acknowledged'
})

/** What a gateway publishes for its children. */
export const gatewayHandlers: readonly (readonly [string, Handler])[] = [
  ['v1/gateway/connect', connect],
  ['v1/gateway/disconnect', disconnect],
  ['v1/gateway/claim', claims],
]
