import { checker, parseJson } from '../../shared/check.ts'
import { Child, ChildWindow } from '../../shared/model/device-messages.ts'
import type { DeviceId } from '../../shared/model/ids.ts'
import { type Opened, type Refused, refused } from '../../shared/model/outcomes.ts'
import type { Reason } from '../../shared/model/reasons.ts'
import { type Connection, deliver, inOrder, type Reply } from '../connection.ts'
import type { BrokerContext, Handler } from '../dialect.ts'
import { eachInLane } from '../lanes.ts'
import { NATIVE_WINDOW, resultBody } from './native-window.ts'

const RESULT = 'latchkey/v1/gateway/claims/result'
const LONGEST_BATCH = 10_000

const itemOf = checker(ChildWindow)
const childOf = checker(Child)

type ItemResult = { readonly device?: string } & ReturnType<typeof resultBody>

/** What a gateway brought in vain, in the story of the device that it is about. */
const noted = async (
  { engine }: BrokerContext,
  { project }: Connection,
  device: DeviceId,
  reason: Reason,
): Promise<Refused> => {
  await engine.noteRefusal({ project, device, what: 'gateway', reason, via: 'latchkey' })
  return refused(reason, true)
}

const offerFor = async (
  context: BrokerContext,
  gateway: Connection,
  name: string,
  secret: string | undefined,
  durationMs: number | undefined,
): Promise<Opened | Refused> => {
  const { registry, engine } = context
  const child = await registry.devices.findByName(gateway.project, name)
  if (child === undefined) return noted(context, gateway, gateway.device, 'device-unknown')
  if (child.parent !== undefined && child.parent !== gateway.device)
    return noted(context, gateway, child.id, 'gateway-not-entitled')
  return engine.offerWindow({
    project: gateway.project,
    device: child.id,
    secret,
    durationMs,
    rule: NATIVE_WINDOW,
    via: 'latchkey',
  })
}

/** The device that an item names, if it names one. */
const nameIn = (item: unknown): string | undefined => {
  const device = (item as { device?: unknown } | null)?.device
  return typeof device === 'string' && device.length <= 255 ? device : undefined
}

const claimItem = async (
  context: BrokerContext,
  gateway: Connection,
  item: unknown,
): Promise<ItemResult> => {
  const body = itemOf(item)
  if (!body.ok) {
    const device = nameIn(item)
    return { ...(device === undefined ? {} : { device }), state: 'refused', reason: 'bad-request' }
  }
  const { device, secret, durationMs } = body.value
  return { device, ...resultBody(await offerFor(context, gateway, device, secret, durationMs)) }
}

const say = (context: BrokerContext, connection: Connection, body: unknown, reply?: Reply) =>
  deliver(connection, RESULT, body, context.log, reply)

const claims: Handler = async (context, connection, payload, reply) => {
  if (!connection.isGateway) {
    await noted(context, connection, connection.device, 'gateway-not-entitled')
    await say(context, connection, { state: 'refused', reason: 'gateway-not-entitled' }, reply)
    return 'acknowledged'
  }
  const items = parseJson(payload)
  if (!Array.isArray(items) || items.length > LONGEST_BATCH) {
    await noted(context, connection, connection.device, 'bad-request')
    await say(context, connection, { state: 'refused', reason: 'bad-request' }, reply)
    return 'malformed'
  }
  const results = await inOrder(connection, () =>
    eachInLane(items, nameIn, (item) => claimItem(context, connection, item)),
  )
  await say(context, connection, results, reply)
  return 'acknowledged'
}

/** The newest gateway that connects a device speaks for it, until it disconnects it. */
const bind =
  (toSelf: boolean): Handler =>
  async (context, connection, payload) => {
    const body = childOf(parseJson(payload))
    if (!body.ok) return 'malformed'
    if (!connection.isGateway) return 'acknowledged'
    const { devices } = context.registry
    await inOrder(connection, async () => {
      const child = await devices.findByName(connection.project, body.value.device)
      if (child === undefined || child.gateway) return
      await devices.change(connection.project, child.id, (device) => {
        if (toSelf) return { ...device, parent: connection.device }
        if (device.parent !== connection.device) return device
        const { parent: _parent, ...rest } = device
        return rest
      })
    })
    return 'acknowledged'
  }

/** What a gateway publishes for its children. */
export const gatewayHandlers: readonly (readonly [string, Handler])[] = [
  ['latchkey/v1/gateway/claims', claims],
  ['latchkey/v1/gateway/connect', bind(true)],
  ['latchkey/v1/gateway/disconnect', bind(false)],
]

/** What a gateway hears. */
export const gatewayTopics: readonly string[] = [RESULT]
