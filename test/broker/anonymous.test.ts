import { expect, test } from '@jest/globals'
import mqtt from 'mqtt'
import { startServer } from '../support/server.ts'

test('nobody comes without a user name where no platform wants it', async () => {
  const server = await startServer({ LATCHKEY_DIALECTS: 'thingsboard' })
  for (const protocolVersion of [4, 5] as const) {
    const refused = await mqtt
      .connectAsync(server.mqttUrl, { protocolVersion, reconnectPeriod: 0 })
      .catch((error: { code: number }) => error)
    expect([4, 5, 0x86, 0x87]).toContain((refused as { code: number }).code)
  }
  await server.close()
})
