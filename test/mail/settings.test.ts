import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { type Config, readConfig } from '../../shared/config.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-mail-settings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (settings: Record<string, string>) => readConfig(settings, folder)
const mailOf = (settings: Record<string, string>) => {
  const config = read(settings)
  if ('faults' in config) throw new Error(config.faults.join('\n'))
  return (config as Config).mail
}

test('without settings messages are files, and nothing leaves the machine', () => {
  expect(mailOf({})).toEqual({
    mail: { kind: 'folder', path: './data/mail' },
    sms: { kind: 'folder', path: './data/sms' },
  })
})

test.each([
  ['file:./m', { kind: 'folder', path: './m' }],
  ['file:/var/m', { kind: 'folder', path: '/var/m' }],
  ['file:///var/m', { kind: 'folder', path: '/var/m' }],
  [
    'smtp://mx.example',
    { kind: 'smtp', host: 'mx.example', port: 587, secure: false, startTls: 'required' },
  ],
  [
    'smtp://mx.example:25?tls=optional',
    { kind: 'smtp', host: 'mx.example', port: 25, secure: false, startTls: 'offered' },
  ],
  [
    'smtp://127.0.0.1:2525',
    { kind: 'smtp', host: '127.0.0.1', port: 2525, secure: false, startTls: 'never' },
  ],
  [
    'smtp://[::1]:2525',
    { kind: 'smtp', host: '::1', port: 2525, secure: false, startTls: 'never' },
  ],
  [
    'smtps://a%40b:c%2Fd@mx.example',
    {
      ...{ kind: 'smtp', host: 'mx.example', port: 465, secure: true, startTls: 'required' },
      auth: { user: 'a@b', pass: 'c/d' },
    },
  ],
])('LATCHKEY_MAIL=%s is understood', (text, expected) => {
  expect(mailOf({ LATCHKEY_MAIL: text }).mail).toEqual(expected)
})

test.each([
  ['https://sms.example/send', { kind: 'hook', url: 'https://sms.example/send' }],
  [
    'https://me:key@sms.example/send?x=1',
    {
      ...{ kind: 'hook', url: 'https://sms.example/send?x=1' },
      authorization: `Basic ${btoa('me:key')}`,
    },
  ],
  ['http://localhost:9000/', { kind: 'hook', url: 'http://localhost:9000/' }],
  ['http://127.0.0.1:9000/', { kind: 'hook', url: 'http://127.0.0.1:9000/' }],
])('LATCHKEY_SMS=%s is understood', (text, expected) => {
  expect(mailOf({ LATCHKEY_SMS: text }).sms).toEqual(expected)
})

test.each([
  ['LATCHKEY_MAIL', 'https://user:SEKRET@mx.example'],
  ['LATCHKEY_MAIL', 'smtp://user:SEKRET@'],
  ['LATCHKEY_MAIL', 'smtp://user:%SEKRET@mx.example'],
  ['LATCHKEY_MAIL', 'smtp://user:SEKRET@mx.example/path'],
  ['LATCHKEY_MAIL', 'smtp://user:SEKRET@mx.example?pool=true'],
  ['LATCHKEY_MAIL', 'smtp://user:SEKRET@mx.example:99999'],
  ['LATCHKEY_MAIL', 'SEKRET'],
  ['LATCHKEY_MAIL', 'file:'],
  ['LATCHKEY_MAIL', 'file://SEKRET/x'],
  ['LATCHKEY_SMS', 'http://user:SEKRET@sms.example/'],
  ['LATCHKEY_SMS', 'http://127.0.0.1.SEKRET.example/'],
  ['LATCHKEY_SMS', 'smtp://user:SEKRET@sms.example'],
  ['LATCHKEY_MAIL_FROM', 'SEKRET <me@x.example>'],
  ['LATCHKEY_MESSAGES_PER_HOUR', '0'],
  ['LATCHKEY_MESSAGES_PER_HOUR', '1e3'],
  ['LATCHKEY_MESSAGES_PER_HOUR', '10001'],
])('%s=%s is a fault, named without what was given', (name, text) => {
  const config = read({ [name]: text })
  expect(config).toEqual({ faults: [expect.stringMatching(new RegExp(`^${name}: `))] })
  expect(JSON.stringify(config)).not.toContain('SEKRET')
})
