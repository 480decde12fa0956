import { expect, test } from '@jest/globals'
import { latchkey } from '../../firmware-sim/platforms/latchkey.ts'

test('a device opens its window with a secret and a duration, both optional', () => {
  expect(latchkey.device.open({ secret: 's', durationMs: 60_000 })).toEqual({
    topic: 'latchkey/v1/claim',
    payload: '{"secret":"s","durationMs":60000}',
  })
  expect(latchkey.device.open({}).payload).toBe('{}')
})

test('a device listens to its results, its owner and its commands', () => {
  expect(latchkey.device.subscriptions).toEqual([
    'latchkey/v1/claim/result',
    'latchkey/v1/owner',
    'latchkey/v1/commands',
  ])
})

test('results, owners and commands are understood, anything else is not', () => {
  const { read } = latchkey.device
  expect(read('latchkey/v1/claim/result', '{"id":"i","state":"claimed","epoch":3}')).toEqual({
    kind: 'result',
    state: 'claimed',
    id: 'i',
    reason: undefined,
    expiresAt: undefined,
    epoch: 3,
  })
  expect(read('latchkey/v1/owner', '{"claimed":true,"epoch":3,"home":"h"}')).toEqual({
    kind: 'owner',
    claimed: true,
    epoch: 3,
    home: 'h',
  })
  expect(read('latchkey/v1/commands', '{"id":"c","action":"blink","parameters":{}}')).toEqual({
    kind: 'command',
    id: 'c',
    action: 'blink',
  })
  expect(read('latchkey/v1/owner', '{"claimed":"yes"}')).toBeUndefined()
  expect(read('latchkey/v1/owner', 'no json')).toBeUndefined()
  expect(read('latchkey/v1/other', '{}')).toBeUndefined()
})

test('a command is acknowledged on its own topic', () => {
  expect(latchkey.device.ack('c')).toEqual({
    topic: 'latchkey/v1/commands/c/ack',
    payload: '{}',
  })
})

test('a gateway sends its children as one list and reads the outcomes in order', () => {
  expect(
    latchkey.gateway.open([{ device: 'a', secret: 's', durationMs: 1000 }, { device: 'b' }]),
  ).toEqual({
    topic: 'latchkey/v1/gateway/claims',
    payload: '[{"device":"a","secret":"s","durationMs":1000},{"device":"b"}]',
  })
  const outcomes = {
    kind: 'each',
    outcomes: [
      { state: 'open', reason: undefined },
      { state: 'refused', reason: 'device-unknown' },
    ],
  }
  const items = '[{"state":"open"},{"state":"refused","reason":"device-unknown"}]'
  const topic = 'latchkey/v1/gateway/claims/result'
  expect(latchkey.gateway.read(topic, items)).toEqual(outcomes)
  expect(latchkey.gateway.read(topic, `{"results":${items}}`)).toEqual(outcomes)
  expect(latchkey.gateway.read(topic, `{"items":${items}}`)).toEqual(outcomes)
  expect(latchkey.gateway.read(topic, 'no json')).toBeUndefined()
})

test('a refusal of the whole batch is not taken for silence', () => {
  const said = '{"state":"refused","reason":"gateway-not-entitled"}'
  expect(latchkey.gateway.read('latchkey/v1/gateway/claims/result', said)).toEqual({
    kind: 'whole',
    outcome: { state: 'refused', reason: 'gateway-not-entitled' },
  })
})
