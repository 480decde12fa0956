import { expect, test } from '@jest/globals'
import { native } from '../../broker/dialects/native.ts'
import { thingsboard } from '../../broker/dialects/thingsboard.ts'
import { makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { startServer } from '../support/server.ts'

test('a connection is subscribed to as many filters as the limit says; one more is not granted, one fewer makes room', async () => {
  const server = await startServer({ LATCHKEY_LIMITS: '{"subscriptions": 10}' })
  const { token } = await makeDevice(await signIn(server.httpUrl))
  const { client, end } = await connectDevice(server.mqttUrl, token, [], { protocolVersion: 5 })
  const filters = [...native.subscribes, ...thingsboard.subscribes]
  expect(filters.length).toBeGreaterThan(10)
  const codes: number[] = []
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'suback') codes.push(...(packet.granted as number[]))
  })
  const ask = (filter: string) =>
    new Promise<void>((resolve) => client.subscribe(filter, { qos: 0 }, () => resolve()))
  for (const filter of filters.slice(0, 11)) await ask(filter)
  expect(codes).toEqual([...Array(10).fill(0), 0x87])
  await ask(filters[0] as string)
  await client.unsubscribeAsync(filters[0] as string)
  await ask(filters[10] as string)
  expect(codes.slice(11)).toEqual([0, 0])
  await end()
  await server.close()
})
