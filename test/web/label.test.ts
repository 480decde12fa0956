import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readFragment, readQr } from '../../gateway/web/widget/label.ts'
import { de } from '../../gateway/web/widget/words-de.ts'
import { en } from '../../gateway/web/widget/words-en.ts'
import { REASONS } from '../../shared/model/reasons.ts'

const HERE = 'https://claim.example'

describe('what a QR code says', () => {
  test.each([
    ['#d=lamp-1&s=482-913', { way: 'device', device: 'lamp-1', secret: '482-913' }],
    ['#s=482-913&d=lamp-1', { way: 'device', device: 'lamp-1', secret: '482-913' }],
    ['#d=lamp-1', { way: 'device', device: 'lamp-1' }],
    ['#d=lamp%20%26%20co&s=a%3Db+c=', { way: 'device', device: 'lamp & co', secret: 'a=b+c=' }],
    ['#d=lamp-1&s=&x=y', { way: 'device', device: 'lamp-1' }],
    ['#l=my%20wifi', { way: 'link', linkId: 'my wifi' }],
    ['#c=ABCD-EFGH-JKMN', { way: 'code', code: 'ABCD-EFGH-JKMN' }],
  ])('our link with %s', (fragment, label) => {
    for (const path of ['/c', '/claim', '/c?project=acme', '/c/'])
      expect(readQr(`${HERE}${path}${fragment}`, HERE)).toEqual({ kind: 'label', label })
  })

  test('a link to another host keeps its secret from us', () => {
    for (const origin of ['https://other.example', 'http://claim.example', `${HERE}:8443`])
      expect(readQr(`${origin}/c#d=lamp-1&s=482-913`, HERE)).toEqual({
        kind: 'elsewhere',
        host: new URL(origin).host,
      })
  })

  test("ThingsBoard's JSON, with the line end that scanners add", () => {
    expect(readQr('{"deviceName":"lamp 1","secretKey":" s "}\r\n', HERE)).toEqual({
      kind: 'label',
      label: { way: 'device', device: 'lamp 1', secret: ' s ' },
    })
    expect(readQr('{"deviceName":"lamp 1","secretKey":""}', HERE)).toEqual({
      kind: 'label',
      label: { way: 'device', device: 'lamp 1' },
    })
  })

  test.each([
    '',
    'lamp-1',
    'null',
    '[]',
    '"lamp-1"',
    '{"deviceName":7,"secretKey":"s"}',
    '{"secretKey":"s"}',
    `${HERE}/c`,
    `${HERE}/c#`,
    `${HERE}/c#d=%E0%A4%A`,
    `${HERE}/c#d=`,
    `${HERE}/shop#d=lamp-1`,
    `${HERE}/c#d=${'x'.repeat(256)}`,
    'https://[',
    'javascript:alert(1)//c#d=lamp-1',
    `{"deviceName":"${'x'.repeat(5000)}"}`,
  ])('%p is nothing', (text) => {
    expect(readQr(text, HERE)).toEqual({ kind: 'nothing' })
  })

  test('any device and secret come back from our link as they were', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(name, name, (device, secret) => {
        const fragment = `#d=${encodeURIComponent(device)}&s=${encodeURIComponent(secret)}`
        expect(readFragment(fragment)).toEqual({ way: 'device', device, secret })
      }),
    )
  })

  test('no text makes it throw', () => {
    const like = fc.constantFrom(
      'https://',
      HERE,
      '/c',
      '#d=',
      '&s=',
      '%',
      '{"deviceName":',
      '"',
      '}',
    )
    const text = fc
      .array(fc.oneof(like, fc.string({ unit: 'binary' })))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (content) => {
        expect(['label', 'elsewhere', 'nothing']).toContain(readQr(content, HERE).kind)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the words', () => {
  test('have the same members in each language, none empty', () => {
    const shape = (words: object): unknown =>
      Object.fromEntries(
        Object.entries(words).map(([name, value]) => [
          name,
          typeof value === 'object' ? shape(value) : typeof value,
        ]),
      )
    expect(shape(de)).toEqual(shape(en))
    for (const words of [en, de]) expect(JSON.stringify(words)).not.toContain('""')
  })

  test('explain only reasons that the server has', () => {
    expect(Object.keys(en.reasons).filter((reason) => !(reason in REASONS))).toEqual([])
  })
})
