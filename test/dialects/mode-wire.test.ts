import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { messagesTo, modeHome, modeProject, modeUser, PASSWORD, send } from '../support/mode.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { openWire, takeReply } from '../support/wire.ts'
import {
  HOMES,
  REGISTER,
  type Recording,
  SIGN_IN,
  SIGN_IN_BARE,
  SIGN_IN_FORM,
  SIGN_OUT,
} from './mode-recorded.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

type Words = Readonly<Record<string, string | number>>

const filled = (text: string, words: Words) =>
  text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(words[name]))

const replay = async (recording: Recording, words: Words) => {
  const wire = await openWire(server.httpUrl)
  const body = filled(recording.body, words)
  const length = recording.body === '' ? '' : `\r\nContent-Length: ${Buffer.byteLength(body)}`
  const head = `${filled(recording.head, words)}${length}`
  wire.send(
    `${head}\r\nHost: ${new URL(server.httpUrl).host}\r\nConnection: keep-alive\r\n\r\n${body}`,
  )
  const reply = await takeReply(wire)
  wire.socket.destroy()
  return { ...reply, json: reply.body === '' ? undefined : JSON.parse(reply.body) }
}

describe('requests as real clients make them', () => {
  test('a user registers, signs in by multipart, asks for homes and signs out', async () => {
    const project = await modeProject(server)
    const email = `${randomUUID()}@example.com`
    const words = { project: project.number, email, password: PASSWORD }
    const made = await replay(REGISTER, words)
    expect([made.status, made.json.verified]).toEqual([201, false])
    const [letter] = await messagesTo(server, 'mail', email)
    const body = { token: letter?.token }
    await send(server.httpUrl, 'POST', '/auth/user/emailVerification', { body })
    const signedIn = await replay(SIGN_IN, words)
    expect([signedIn.status, signedIn.json]).toEqual([
      200,
      {
        token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        userId: made.json.id,
        expirationTime: expect.any(String),
      },
    ])
    const key = signedIn.json.token
    expect(await replay(HOMES, { key, user: made.json.id })).toMatchObject({
      status: 200,
      json: [],
    })
    expect(await replay(SIGN_OUT, { key })).toMatchObject({ status: 204, body: '' })
    expect((await replay(HOMES, { key, user: made.json.id })).status).toBe(401)
  })

  test.each([
    ['percent-encoded', SIGN_IN_FORM],
    ['as it is', SIGN_IN_BARE],
  ])('a web form, %s, signs in', async (_, recording) => {
    const project = await modeProject(server)
    const { email, id } = await modeUser(server, project)
    const reply = await replay(recording, {
      ...{ project: project.number, email, password: PASSWORD },
      encodedEmail: encodeURIComponent(email),
    })
    expect([reply.status, reply.json.userId]).toEqual([200, id])
  })
})

describe('bodies that nobody should send', () => {
  const post = (type: string | undefined, body: string) =>
    fetch(`${server.httpUrl}/auth/user`, {
      method: 'POST',
      body: Buffer.from(body, 'latin1'),
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    })
  const field = (name: string, value: string, more = '') =>
    `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
  const form = 'multipart/form-data; boundary=b'

  test.each([
    ['a multipart form without a boundary', 'multipart/form-data', field('a', '1')],
    ['a multipart form that does not end', form, field('projectId', '1')],
    ['a file', form, `${field('projectId', '1', '; filename="x"')}--b--\r\n`],
    ['too many fields', form, `${field('a', '1').repeat(60)}--b--\r\n`],
    ['a field too long', form, `${field('projectId', 'x'.repeat(70_000))}--b--\r\n`],
    ['a field called __proto__', form, `${field('__proto__', '1')}--b--\r\n`],
    ['a form that is too large', 'application/x-www-form-urlencoded', 'x'.repeat(300_000)],
    ['half a percent sign', 'application/x-www-form-urlencoded', 'projectId=%E0%A4%A'],
    ['JSON that is none', 'application/json', '{"projectId":'],
    ['JSON of a list', 'application/json', '[1]'],
    ['JSON with __proto__', 'application/json', '{"__proto__":{"projectId":1}}'],
    ['bytes that are no text', 'application/json', '{"projectId":"\xff"}'],
    ['another type', 'text/xml', '<projectId>1</projectId>'],
    ['nothing', undefined, ''],
  ])('%s: refused in the platform’s words', async (_, type, body) => {
    const reply = await post(type, body)
    expect([reply.status, await reply.json()]).toEqual([
      403,
      { reason: expect.stringMatching(/^(INVALID_PARAMETER|MISSING_PARAMETERS)$/) },
    ])
  })

  test('what a form calls constructor or toString is a field like any other', async () => {
    const body = `${field('constructor', '1')}${field('toString', '1')}--b--\r\n`
    expect((await post(form, body)).status).toBe(403)
  })
})

describe('beside the other platforms', () => {
  test('nothing of theirs is shadowed', async () => {
    for (const [path, status] of [
      ['/healthz', 200],
      ['/latchkey/v1/homes', 401],
      ['/api/auth/user', 401],
      ['/v2/me/things', 401],
      ['/nothing', 404],
    ] as const)
      expect([path, (await fetch(`${server.httpUrl}${path}`)).status]).toEqual([path, status])
  })

  test('its errors are not in our own form, and ours not in its', async () => {
    const ours = await fetch(`${server.httpUrl}/latchkey/v1/homes`)
    expect(ours.headers.get('content-type')).toContain('application/problem+json')
    const its = await fetch(`${server.httpUrl}/homes/1`, { headers: { authorization: 'Bearer x' } })
    expect([its.status, await its.text()]).toEqual([401, ''])
  })

  test('web pages of anybody may ask, with a key in a header', async () => {
    const asked = await fetch(`${server.httpUrl}/auth/user`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST')
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
    const answered = await fetch(`${server.httpUrl}/auth`)
    expect(answered.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('a personal home is shown once there is something in it', async () => {
    const project = await modeProject(server)
    const ada = await modeUser(server, project)
    const made = await modeHome(server, ada)
    const claimCode = randomUUID()
    const wanted = { name: randomUUID(), claimCode, project: project.id }
    const device = await project.maker.post('/latchkey/v1/devices', wanted)
    const list = async () =>
      (await send(server.httpUrl, 'GET', `/homes?userId=${ada.id}`, { key: ada.key })).body
    expect(await list()).toEqual([made])
    await ada.native.post('/latchkey/v1/claims', { device: device.body.id, secret: claimCode })
    expect(await list()).toHaveLength(2)
  })
})
