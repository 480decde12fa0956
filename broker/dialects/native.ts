import { checker, parseJson } from '../../shared/check.ts'
import { ClaimWindow, LinkId, Nothing } from '../../shared/model/device-messages.ts'
import type { Device } from '../../shared/model/records.ts'
import { giveWaiting } from '../commands.ts'
import { type Connection, deliver, inOrder } from '../connection.ts'
import type { BrokerContext, Handler, LevelHandler, MqttDialect } from '../dialect.ts'
import { code } from './native-code.ts'
import {
  acknowledge,
  acknowledgeForChild,
  COMMANDS,
  GATEWAY_COMMANDS,
  giveCommand,
} from './native-commands.ts'
import { childEvents, event } from './native-events.ts'
import { gatewayHandlers, gatewayTopics } from './native-gateway.ts'
import { provisioning } from './native-provision.ts'
import { RESULT, refuseMalformed } from './native-result.ts'
import { NATIVE_WINDOW, resultBody } from './native-window.ts'

const OWNER = 'latchkey/v1/owner'

const claimOf = checker(ClaimWindow)
const linkOf = checker(LinkId)
const nothingOf = checker(Nothing)

const claim: Handler = async (context, connection, payload, reply) => {
  const body = claimOf(parseJson(payload))
  if (!body.ok) return refuseMalformed(context, connection, reply)
  const { secret, durationMs } = body.value
  const outcome = await inOrder(connection, () =>
    context.engine.offerWindow({
      project: connection.project,
      device: connection.device,
      secret,
      durationMs,
      rule: NATIVE_WINDOW,
      via: 'latchkey',
    }),
  )
  await deliver(connection, RESULT, resultBody(outcome), context.log, reply)
  return 'acknowledged'
}

const link: Handler = async (context, connection, payload, reply) => {
  const body = linkOf(parseJson(payload))
  if (!body.ok) return refuseMalformed(context, connection, reply)
  const outcome = await inOrder(connection, () =>
    context.engine.linkByDevice({
      project: connection.project,
      device: connection.device,
      linkId: body.value.linkId,
      via: 'latchkey',
    }),
  )
  // What has just been claimed is told by its notice, as it is to the half that came first.
  if (outcome.state !== 'claimed' || !outcome.fresh)
    await deliver(connection, RESULT, resultBody(outcome), context.log, reply)
  return 'acknowledged'
}

const release: Handler = async (context, connection, payload, reply) => {
  if (!nothingOf(parseJson(payload)).ok) return refuseMalformed(context, connection, reply)
  const outcome = await inOrder(connection, () =>
    context.engine.releaseDevice({
      project: connection.project,
      device: connection.device,
      by: { kind: 'device' },
      via: 'latchkey',
    }),
  )
  if (outcome.state === 'refused')
    await deliver(connection, RESULT, resultBody(outcome), context.log, reply)
  return 'acknowledged'
}

const tellOwner = async ({ log }: BrokerContext, connection: Connection, device: Device) => {
  const { owner, epoch } = device
  if (epoch < connection.toldEpoch) return
  connection.toldEpoch = epoch
  const home = owner === undefined ? {} : { home: owner }
  await deliver(connection, OWNER, { claimed: owner !== undefined, epoch, ...home }, log)
}

/** Our own topics: CONTRACT 3. */
export const native: MqttDialect = {
  name: 'latchkey',
  publishes: new Map<string, Handler>([
    ['latchkey/v1/claim', claim],
    ['latchkey/v1/link', link],
    ['latchkey/v1/code', code],
    ['latchkey/v1/release', release],
    ['latchkey/v1/events', event],
    ['latchkey/v1/gateway/events', childEvents],
    ...gatewayHandlers,
  ]),
  publishesBelow: new Map<string, LevelHandler>([
    [`${COMMANDS}/+/ack`, acknowledge],
    [`${GATEWAY_COMMANDS}/+/ack`, acknowledgeForChild],
  ]),
  subscribes: new Set([RESULT, OWNER, COMMANDS, GATEWAY_COMMANDS, ...gatewayTopics]),
  provisioning,
  onCommand: giveCommand,
  onSubscribed: async (context, connection, filter) => {
    if (filter !== OWNER && filter !== COMMANDS) return
    const device = await context.registry.devices.get(connection.project, connection.device)
    if (device === undefined) return
    if (filter === OWNER) await tellOwner(context, connection, device)
    else await giveWaiting(context, native, connection, device)
  },
  onNotice: async (context, connection, notice, device) => {
    const { owner, offer, epoch, refused: reason } = notice
    if (reason !== undefined)
      return deliver(connection, RESULT, { id: offer, state: 'refused', reason }, context.log)
    if (owner !== undefined && offer !== undefined && epoch === device.epoch)
      await deliver(connection, RESULT, { id: offer, state: 'claimed', epoch }, context.log)
    await tellOwner(context, connection, device)
  },
}
