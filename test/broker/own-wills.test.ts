import { afterEach, describe, expect, test } from '@jest/globals'
import type { IClientOptions } from 'mqtt'
import { type OwnClient, ownClient, words } from './own-client.ts'
import { type OpenBroker, startOpenBroker } from './paho-broker.ts'

let broker: OpenBroker
let hears: OwnClient

afterEach(async () => {
  await broker?.close()
})

const start = async () => {
  broker = await startOpenBroker()
  hears = await ownClient(broker.port, 'hears')
  await hears.subscribe('will')
}

type Will = NonNullable<IClientOptions['will']>

const dying = (lasts: number, properties?: Will['properties'], clean = true) =>
  ownClient(broker.port, 'dying', {
    ...{ lasts, clean },
    will: {
      ...{ topic: 'will', payload: Buffer.from('gone'), qos: 1 as const },
      ...(properties === undefined ? {} : { properties }),
    },
  })

/** What is published now comes first if nothing was sent before. */
const nothingCame = async () => {
  await hears.publish('will', 'nothing')
  expect(words(await hears.next())).toBe('nothing')
}

describe('a will of MQTT 5', () => {
  test('is sent with its properties', async () => {
    await start()
    const properties = { contentType: 'text/plain', messageExpiryInterval: 9 }
    const client = await dying(0, { ...properties, userProperties: { lamp: 'hall' } })
    await client.vanish()
    const will = await hears.next()
    expect(words(will)).toBe('gone')
    expect({ ...will.properties }).toMatchObject({
      ...properties,
      userProperties: { lamp: 'hall' },
    })
    expect(will.properties).not.toHaveProperty('willDelayInterval')
    await hears.leave()
  })

  test('is not sent after a DISCONNECT, but after one with reason 4 [MQTT5-3.14.4-3]', async () => {
    await start()
    for (const properties of [undefined, { willDelayInterval: 1 }]) {
      const client = await dying(60, properties)
      await client.leave()
    }
    await nothingCame()
    const client = await dying(0)
    await client.leave({ reasonCode: 4 })
    expect(words(await hears.next())).toBe('gone')
    await hears.leave()
  })

  test('is held back as long as it says', async () => {
    await start()
    const client = await dying(60, { willDelayInterval: 1 })
    await client.vanish()
    await nothingCame()
    expect(words(await hears.next())).toBe('gone')
    await hears.leave()
  })

  test('is sent when its session ends, if that is before [MQTT5-3.1.2-8]', async () => {
    await start()
    const without = await dying(0, { willDelayInterval: 60 })
    await without.vanish()
    expect(words(await hears.next())).toBe('gone')
    const short = await dying(1, { willDelayInterval: 60 })
    await short.vanish()
    await nothingCame()
    expect(words(await hears.next())).toBe('gone')
    await hears.leave()
  })

  test('is not sent if the client comes back before [MQTT5-3.1.3-9]', async () => {
    await start()
    const client = await dying(60, { willDelayInterval: 1 })
    await client.vanish()
    const back = await ownClient(broker.port, 'dying', { lasts: 60 })
    expect(back.connack.sessionPresent).toBe(true)
    // A second will of the same delay, begun later: if it comes, the first one would have come.
    const other = await ownClient(broker.port, 'other', {
      ...{ lasts: 60 },
      will: {
        ...{ topic: 'will', payload: Buffer.from('other'), qos: 1 },
        properties: { willDelayInterval: 1 },
      },
    })
    await other.vanish()
    expect(words(await hears.next())).toBe('other')
    await nothingCame()
    await Promise.all([back.leave(), hears.leave()])
  })

  test('is sent at once if somebody begins anew with its client id', async () => {
    await start()
    const client = await dying(60, { willDelayInterval: 60 })
    await client.vanish()
    const fresh = await ownClient(broker.port, 'dying', { clean: true })
    expect(words(await hears.next())).toBe('gone')
    await Promise.all([fresh.leave(), hears.leave()])
  })
})
