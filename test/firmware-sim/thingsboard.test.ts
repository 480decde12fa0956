import { expect, test } from '@jest/globals'
import { thingsboard } from '../../firmware-sim/platforms/thingsboard.ts'

// The payloads of the documents and clients: research/thingsboard.md 1.1, 3 and 7.
test('a device publishes its claim info, with fields left out when not given', () => {
  expect(thingsboard.device.open({ secret: 'v', durationMs: 60_000 })).toEqual({
    topic: 'v1/devices/me/claim',
    payload: '{"secretKey":"v","durationMs":60000}',
  })
  expect(thingsboard.device.open({ durationMs: 1 }).payload).toBe('{"durationMs":1}')
  expect(thingsboard.device.open({}).payload).toBe('{}')
})

test('a gateway publishes an object of children by name', () => {
  const children = [{ device: 'Name A', secret: 'a', durationMs: 60_000 }, { device: 'Name B' }]
  expect(thingsboard.gateway.open(children)).toEqual({
    topic: 'v1/gateway/claim',
    payload: '{"Name A":{"secretKey":"a","durationMs":60000},"Name B":{}}',
  })
  expect(thingsboard.gateway.connect('Name A')).toEqual({
    topic: 'v1/gateway/connect',
    payload: '{"device":"Name A"}',
  })
})

test('a server-side call is a command, answered on its own topic', () => {
  const heard = thingsboard.device.read(
    'v1/devices/me/rpc/request/7',
    '{"method":"setGpio","params":{}}',
  )
  expect(heard).toEqual({ kind: 'command', id: '7', action: 'setGpio' })
  expect(thingsboard.device.ack('7').topic).toBe('v1/devices/me/rpc/response/7')
})

test('the QR code follows the convention of the mobile app', () => {
  expect(thingsboard.code('Lamp', 'value')).toBe('{"deviceName":"Lamp","secretKey":"value"}')
})
