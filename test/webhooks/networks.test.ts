import { expect, test } from '@jest/globals'
import { readNetworks } from '../../shared/webhooks/networks.ts'

const { mayReach } = readNetworks(undefined)

// research/security.md S118, RFC 6890.
test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fc00::1',
  'fd12::1',
  'ff02::1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001:db8::1',
  '2001:0:1::',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  'fd00:ec2::254',
  'localhost',
  '',
  '1',
])('%s is not to be called', (address) => expect(mayReach(address)).toBe(false))

test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
  '%s may be called',
  (address) => expect(mayReach(address)).toBe(true),
)

test('networks that the operator names may be called, and no others', () => {
  const own = readNetworks('10.0.0.0/8, fd00::/8')
  expect(own.faults).toEqual([])
  expect(['10.9.9.9', '::ffff:10.9.9.9', 'fd00::1', '1.1.1.1'].map(own.mayReach)).toEqual(
    Array(4).fill(true),
  )
  expect(['127.0.0.1', '192.168.0.1', 'fe80::1'].map(own.mayReach)).toEqual(Array(3).fill(false))
})

test.each(['10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'localhost/8', '10.0.0.0/-1', ''])(
  '"%s" is no network',
  (text) => expect(readNetworks(text).faults).toHaveLength(1),
)
