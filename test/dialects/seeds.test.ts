import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority, describeWithOpenssl } from '../support/certificates.ts'
import { ADMIN, startServer, type TestServer } from '../support/server.ts'
import { type Example, THETHINGS, THINGFUL } from './seeds.ts'

const shell = promisify(execFile)
const THING_ID = '01234_567890-0abcde_fghi-jklm_nopqrs-tuvxyz'
const BLANK = /\{ ?\{ ?(SESSION TOKEN|serial|thingToken|thingId) ?\} ?\}/g

// The manual's own commands need curl; with CI=true it has to be there.
const hasCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0
if (!hasCurl && process.env.CI === 'true') throw new Error('there is no curl, and CI=true')
const testWithCurl = hasCurl ? test : test.skip

describeWithOpenssl('the commands of thethings.io’s manual, run with only the host changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-seeds-'))
  let server: TestServer
  let host: string

  beforeAll(async () => {
    const own = createAuthority(folder).issue('server')
    server = await startServer({
      LATCHKEY_TLS_CERT: own.certPath,
      LATCHKEY_TLS_KEY: own.keyPath,
    })
    host = new URL(server.httpUrl).host
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const asked = request(`https://${host}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      rejectUnauthorized: false,
    })
    asked.end(JSON.stringify(body))
    const [reply] = await once(asked, 'response')
    let text = ''
    for await (const part of reply) text += part
    return JSON.parse(text)
  }

  let people = 0
  /** A user and a thing that nobody has linked. */
  const pair = async () => {
    people += 1
    const email = `reader-${people}@example.com`
    const { token: session } = await post('/v2/register', {
      ...{ email, password: 'user-password', app: 'default' },
    })
    const { token } = await post('/latchkey/v1/sessions', ADMIN)
    const bearer = { authorization: `Bearer ${token}` }
    const { codes } = await post('/latchkey/v1/activation-codes', { count: 1 }, bearer)
    const { thingToken, thingId } = await post('/v2/things', { activationCode: codes[0] })
    return new Map([
      ['SESSION TOKEN', session as string],
      ['thingToken', thingToken],
      ['thingId', thingId],
      ['serial', `SSID-${people}`],
    ])
  }

  const run = async ({ command, reply }: Example, own: ReadonlyMap<string, string>) => {
    const filled = command
      .replaceAll(BLANK, (_all, name: string) => own.get(name) ?? '')
      .replace('https://api.thethings.io', `https://${host}`)
    const { stdout } = await shell('sh', ['-c', filled])
    const [head = '', body = ''] = stdout.split('\r\n\r\n')
    const wanted = JSON.stringify(JSON.parse(reply)).replace(THING_ID, own.get('thingId') ?? '')
    expect([head.split('\r\n')[0], body]).toEqual(['HTTP/1.1 200 OK', wanted])
    expect(head.toLowerCase()).toContain('content-type: application/json')
  }

  const { linkByToken, appWaits, appLinks, thingWaits, thingLinks, unlink } = THETHINGS

  testWithCurl('link with the thingToken, and unlink', async () => {
    const own = await pair()
    await run(linkByToken, own)
    await run(unlink, own)
  })

  testWithCurl('the app first: it waits, the thing links, the app hears it', async () => {
    const own = await pair()
    await run(appWaits, own)
    await run(thingLinks, own)
    await run(appLinks, own)
    await run(unlink, own)
  })

  testWithCurl('the thing first: it waits, the app links, the thing hears it', async () => {
    const own = await pair()
    await run(thingWaits, own)
    await run(appLinks, own)
    await run(thingLinks, own)
  })
})

describe('the example of Thingful’s manual', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  /** Sends these lines and gives back head and body; the server closes. */
  const exchange = async (head: string, body: string) => {
    const { hostname, port } = new URL(server.httpUrl)
    const socket = connect(Number(port), hostname)
    // What every client of HTTP/1.1 adds, and the manual leaves out.
    const framed = `${head}\nContent-Length: ${Buffer.byteLength(body)}\nConnection: close`
    socket.write(`${framed.replaceAll('\n', '\r\n')}\r\n\r\n${body}`)
    let text = ''
    for await (const part of socket) text += part
    const [replyHead = '', replyBody = ''] = text.split('\r\n\r\n')
    return { lines: replyHead.split('\r\n'), body: replyBody }
  }

  const kindsOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([name, member]) => [name, kindsOf(member)])
      : typeof value

  test('is answered with its status, its headers, and its document, member by member', async () => {
    const [head = '', form = ''] = THINGFUL.command.split('\n\n')
    const body = form
      .replace('"username": "string"', `"username": "${ADMIN.email}"`)
      .replace('"password": "string"', `"password": "${ADMIN.password}"`)
    const reply = await exchange(head, body)
    const [seedHead = '', seedBody = ''] = THINGFUL.reply.split('\n\n')
    const lower = reply.lines.map((line) => line.toLowerCase())
    for (const line of seedHead.split('\n')) expect(lower).toContain(line.toLowerCase())
    const [ours, theirs] = [JSON.parse(reply.body), JSON.parse(seedBody)]
    expect(kindsOf(ours)).toEqual(kindsOf(theirs))
    expect(ours.data.type).toBe('token')
    const { token, issued_at, expires_at, principal, private: isPrivate } = ours.data.attributes
    expect([principal, isPrivate]).toEqual([true, false])
    for (const time of [issued_at, expires_at])
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    const [header, payload] = token
      .split('.')
      .map((part: string) => Buffer.from(part, 'base64url').toString())
    // The seed's own token begins with this header, and its `sub` is a text.
    expect(JSON.parse(header)).toMatchObject({ alg: 'HS256', typ: 'JWT' })
    expect(typeof JSON.parse(payload).sub).toBe('string')
    const logout = await exchange(
      `GET /logout HTTP/1.1\nHost: api.thingful.net\nAuthorization: Bearer ${token}`,
      '',
    )
    expect(logout.lines[0]).toBe('HTTP/1.1 204 No Content')
    const again = await exchange(
      `GET /logout HTTP/1.1\nHost: api.thingful.net\nAuthorization: Bearer ${token}`,
      '',
    )
    expect(again.lines[0]).toBe('HTTP/1.1 401 Unauthorized')
  })
})
