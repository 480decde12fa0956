import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectDevice } from '../support/device.ts'
import { type Embedded, startEmbedded } from '../support/embedded.ts'
import { ownClient, words } from './own-client.ts'
import { bareClient } from './paho-client.ts'

let broker: Embedded

beforeAll(async () => {
  broker = await startEmbedded()
})
afterAll(() => broker.close())

const device = async (name: string) => {
  const made = await broker.registry.devices.create({ project: broker.project, name })
  if (made === 'name-taken') throw new Error('taken')
  return made
}

test('a device shares nothing with an embedding program’s own people, whatever they may do', async () => {
  const spy = await ownClient(broker.port, 'spy', { username: 'theirs' })
  await spy.subscribe('#', { qos: 1, properties: { subscriptionIdentifier: 1 } })
  const { token } = await device('lamp')
  const lamp = await ownClient(broker.port, 'lamp', {
    ...{ username: token, lasts: 60 },
    will: { topic: 'will', payload: Buffer.from('gone'), qos: 1, properties: { contentType: 'x' } },
  })
  expect(lamp.connack).toMatchObject({
    sessionPresent: false,
    properties: {
      sessionExpiryInterval: 0,
      retainAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
    },
  })
  expect(await lamp.subscribe(['latchkey/v1/owner', 'theirs'])).toEqual([1, 0x87])
  await lamp.vanish()
  expect(broker.exchange.size()).toBe(0)
  const theirs = await ownClient(broker.port, 'says', { username: 'theirs' })
  await theirs.publish('will', 'first')
  const first = await spy.next()
  expect([words(first), first.properties?.subscriptionIdentifier]).toEqual(['first', 1])
  await Promise.all([spy.leave(), theirs.leave()])
})

test('who has shown nothing has no session there either', async () => {
  const guest = await ownClient(broker.port, 'guest', { lasts: 60 })
  expect(guest.connack).toMatchObject({
    sessionPresent: false,
    properties: { sessionExpiryInterval: 0, retainAvailable: false },
  })
  await guest.vanish()
  expect(broker.exchange.size()).toBe(0)
})

test('a subscription identifier of a device ends its connection with 0xa1', async () => {
  const { token: username } = await device('kettle')
  const kettle = await bareClient(broker.port, 5, {}, [], { username })
  await kettle.next('connack')
  kettle.send({
    ...{ cmd: 'subscribe', messageId: 1, properties: { subscriptionIdentifier: 1 } },
    subscriptions: [{ topic: 'latchkey/v1/owner', qos: 1 }],
  } as never)
  expect(await kettle.next('disconnect')).toMatchObject({ reasonCode: 0xa1 })
  await kettle.closed
})

test('a device claims as before', async () => {
  const { token } = await device('toaster')
  const toaster = await connectDevice(broker.url, token, ['latchkey/v1/claim/result'], {
    protocolVersion: 5,
  })
  await toaster.publish('latchkey/v1/claim', { secret: 'open sesame' })
  expect(await toaster.next('latchkey/v1/claim/result')).toMatchObject({ state: 'open' })
  await toaster.end()
})
