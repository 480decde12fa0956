import { readClaimInfo, THINGSBOARD_WINDOW } from '../../shared/dialects/thingsboard.ts'
import { inOrder } from '../connection.ts'
import type { Handler, MqttDialect } from '../dialect.ts'
import { gatewayHandlers } from './thingsboard-gateway.ts'
import { askServer } from './thingsboard-limits.ts'
import { MALFORMED, RPC, SUBSCRIBES } from './thingsboard-topics.ts'

const claim: Handler = async (context, connection, payload) => {
  const info = readClaimInfo(payload)
  if (typeof info === 'string') return MALFORMED
  // A refusal is acknowledged like an opened window: nothing is ever said to the device about it.
  await inOrder(connection, () =>
    context.engine.offerWindow({
      project: connection.project,
      device: connection.device,
      ...info,
      rule: THINGSBOARD_WINDOW,
      via: 'thingsboard',
    }),
  )
  return 'acknowledged'
}

/** ThingsBoard's device and gateway topics, as far as claiming needs them: research/thingsboard.md 1.1, 3. */
export const thingsboard: MqttDialect = {
  name: 'thingsboard',
  publishes: new Map<string, Handler>([['v1/devices/me/claim', claim], ...gatewayHandlers]),
  publishesBelow: new Map([[RPC.request, askServer]]),
  subscribes: new Set(SUBSCRIBES),
}
