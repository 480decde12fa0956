import { expect, test } from '@jest/globals'
import { type Api, makeDevice, signIn } from '../support/api.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const DEVICES = '/latchkey/v1/devices'

let server: TestServer
let maker: Api

/** research/security.md S84: a name in a path is decoded once and means itself. Written with escapes, so that an editor changes nothing. */
const NAMES = [
  '../x',
  '..',
  'a/b',
  'a%2Fb',
  'a%252Fb',
  'a\\b',
  'a b',
  ' a',
  'a?b=c',
  'a#b',
  'a;b',
  '%',
  '%00',
  // Latin and Cyrillic letters that look alike; composed and decomposed.
  'lamp',
  'l\u0430mp',
  'caf\u00e9',
  'cafe\u0301',
  'I',
  '\u0131',
  '{tag}:x',
  'device:1',
  '*',
  '__proto__',
]

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('every name is that of one device, however it looks', async () => {
      const made = new Map<string, string>()
      for (const name of NAMES) made.set(name, (await makeDevice(maker, { name })).id)
      expect(new Set(made.values()).size).toBe(NAMES.length)
      for (const [name, id] of made) {
        // A client takes `..` out of an address by itself (WHATWG URL), also where it is escaped: that is another path.
        if (name === '..') continue
        const seen = await maker.get(`${DEVICES}/${encodeURIComponent(name)}`)
        expect([name, seen.status, seen.body.id]).toEqual([name, 200, id])
      }
    })

    test.each([
      ['is decoded once', 'a%2525', 404],
      ['is no escape at all', 'a%', 400],
      ['is half an escape', 'a%2', 400],
      ['is broken UTF-8', 'a%ff', 400],
      ['is too long', 'a'.repeat(5000), 400],
      ['has another directory in it', '..%2f..%2fetc%2fpasswd', 404],
    ])('what %s is another name, or none', async (_, path, status) => {
      const reply = await maker.get(`${DEVICES}/${path}`)
      expect(reply.status).toBe(status)
    })
  },
)
