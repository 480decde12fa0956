import { parseJson } from '../../shared/check.ts'
import { type Connection, deliver } from '../connection.ts'
import type { LevelHandler } from '../dialect.ts'
import { RPC } from './thingsboard-topics.ts'

/** No limits per message, in the platform's form of them: who sends too fast is only read more slowly. */
const NO_RATES = { messages: '', telemetryMessages: '', telemetryDataPoints: '' }

const limitsOf = ({ isGateway, limits }: Connection) => ({
  maxPayloadSize: isGateway ? limits.gatewayPacketBytes : limits.packetBytes,
  maxInflightMessages: limits.receiveMaximum,
  rateLimits: NO_RATES,
  ...(isGateway ? { gatewayRateLimits: NO_RATES } : {}),
})

const NUMBER = /^\d{1,9}$/

/** Answers `getSessionLimits`, which the official clients ask right after CONNECT: research/thingsboard.md 1.1. */
export const askServer: LevelHandler = async ({ log }, connection, payload, number) => {
  const question = parseJson(payload) as { method?: unknown } | null | undefined
  if (question?.method === 'getSessionLimits' && NUMBER.test(number))
    await deliver(connection, `${RPC.response}${number}`, limitsOf(connection), log)
  return 'acknowledged'
}
