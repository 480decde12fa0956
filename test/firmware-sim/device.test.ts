import { afterEach, expect, test } from '@jest/globals'
import { connectDevice, openWindow, sendEvents, untilOwner } from '../../firmware-sim/device.ts'
import { connectGateway } from '../../firmware-sim/gateway.ts'
import type { LinkNews } from '../../firmware-sim/link.ts'
import { startBroker } from './broker.ts'

let close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const one of close.reverse()) await one()
  close = []
})

const broker = async (...answer: Parameters<typeof startBroker>) => {
  const started = await startBroker(...answer)
  close.push(started.close)
  return started
}
const device = async (options: Parameters<typeof connectDevice>[0]) => {
  const sim = await connectDevice(options)
  close.push(sim.close)
  return sim
}

const deferred = <T>() => {
  let resolve = (_value: T) => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

test('a native device hears that its window is open, then who owns it', async () => {
  const { url } = await broker((topic, _payload, reply) => {
    if (topic !== 'latchkey/v1/claim') return
    reply('latchkey/v1/claim/result', { id: 'i', state: 'open', expiresAt: 'soon' })
    reply('latchkey/v1/owner', { claimed: true, epoch: 1 })
  })
  const sim = await device({ url, token: 'T' })
  const outcome = await openWindow(sim, { secret: 's' })
  expect(outcome).toEqual({ state: 'open', id: 'i', expiresAt: 'soon' })
  expect(await untilOwner(sim)).toMatchObject({ claimed: true, epoch: 1 })
})

test('a refused window is a value', async () => {
  const { url } = await broker((topic, _payload, reply) => {
    if (topic !== 'latchkey/v1/claim') return
    reply('latchkey/v1/claim/result', { state: 'refused', reason: 'bad-request' })
  })
  const sim = await device({ url, token: 'T' })
  expect(await openWindow(sim, {})).toEqual({ state: 'refused', reason: 'bad-request' })
})

test('a ThingsBoard device is content with the PUBACK', async () => {
  const { url, heard } = await broker()
  const sim = await device({ platform: 'thingsboard', url, token: 'T' })
  expect(await openWindow(sim, { secret: 'v', durationMs: 1 })).toEqual({ state: 'sent' })
  expect(heard).toEqual([
    { topic: 'v1/devices/me/claim', payload: '{"secretKey":"v","durationMs":1}' },
  ])
})

test('a device acknowledges every command', async () => {
  const acked = deferred<string>()
  const { url } = await broker((topic, _payload, reply) => {
    if (topic === 'latchkey/v1/events') reply('latchkey/v1/commands', { id: 'c1', action: 'blink' })
    if (topic.endsWith('/ack')) acked.resolve(topic)
  })
  const sim = await device({ url, token: 'T' })
  await sendEvents(sim, 1)
  expect(await acked.promise).toBe('latchkey/v1/commands/c1/ack')
})

test('wrong credentials are refused at once, without another try', async () => {
  const { url } = await broker()
  const news: LinkNews[] = []
  const connecting = connectDevice({ url, token: 'wrong', onNews: (said) => news.push(said) })
  await expect(connecting).rejects.toThrow(/Not authorized|Bad username/)
  expect(news).toEqual([])
})

test('a device that is cut off comes back and can speak again', async () => {
  const { url, heard, cut } = await broker()
  const news: string[] = []
  const sim = await device({ url, token: 'T', onNews: (said) => news.push(said.kind) })
  cut()
  await sendEvents(sim, 1)
  expect(news).toEqual(['up', 'retry', 'up'])
  expect(heard.map(({ topic }) => topic)).toEqual(['latchkey/v1/events'])
})

test('nobody listening ends in Unreachable when the time is over', async () => {
  const gone = await startBroker()
  await gone.close()
  const connecting = connectDevice({ url: gone.url, token: 'T', timeoutMs: 50 })
  await expect(connecting).rejects.toMatchObject({ name: 'Unreachable' })
})

test('a gateway gets one outcome for each child, in order, batch after batch', async () => {
  const { url } = await broker((topic, payload, reply) => {
    if (topic !== 'latchkey/v1/gateway/claims') return
    const items = JSON.parse(payload) as { device: string }[]
    const outcomes = items.map(({ device }) =>
      device === 'b' ? { state: 'refused', reason: 'device-unknown' } : { state: 'open' },
    )
    reply('latchkey/v1/gateway/claims/result', outcomes)
  })
  const sim = await connectGateway({ url, token: 'G' })
  close.push(sim.close)
  const outcomes = await sim.openWindows([{ device: 'a', secret: 's' }, { device: 'b' }])
  expect(outcomes).toEqual([
    { device: 'a', state: 'open', reason: undefined },
    { device: 'b', state: 'refused', reason: 'device-unknown' },
  ])
  expect(await sim.openWindows([{ device: 'c' }])).toHaveLength(1)
})
