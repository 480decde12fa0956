import { checker, parseJson } from '../../shared/check.ts'
import { Token } from '../../shared/model/device-messages.ts'
import type { Provisioning } from '../dialect.ts'

const tokenOf = checker(Token)

/** A device that is not there yet comes into being: CONTRACT 3. */
export const provisioning: Provisioning = {
  userName: 'provision',
  publishes: 'latchkey/v1/provision',
  subscribes: 'latchkey/v1/provision/result',
  redeem: async ({ engine }, address, payload) => {
    const body = tokenOf(parseJson(payload))
    if (!body.ok) return { kind: 'malformed', body: { state: 'refused', reason: 'bad-request' } }
    const outcome = await engine.redeemProvisioningToken({
      token: body.value.token,
      address,
      via: 'latchkey',
    })
    if (outcome.state === 'refused')
      return { kind: 'refused', body: { state: outcome.state, reason: outcome.reason } }
    const { id, number } = outcome.device
    return { kind: 'made', body: { id, number, token: outcome.token } }
  },
}
