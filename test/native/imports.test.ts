import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { importFile, sendFile, whenDone } from '../support/imports.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'
const CSV = { type: 'text/csv' }
const KEYS = { query: '?boxKeys=generate' }

/** Sends it as a client does who is told to come later: the server hears of a broken connection when it hears of it. */
const sendPatiently = async (rows: readonly unknown[]): Promise<string> => {
  for (let tries = 0; tries < 50; tries++) {
    const { status, headers } = await sendFile(server.httpUrl, maker, rows)
    if (status === 202) return headers.get('location') ?? ''
    expect(status).toBe(429)
    await sleep(100)
  }
  throw new Error('there is never a place')
}

let server: TestServer
let maker: Api
let names = 0
/** A name that no other test has. */
const name = () => `import-${++names}`

const bring = (rows: string | readonly unknown[], sent = {}) =>
  importFile(server.httpUrl, maker, rows, sent)
const claim = (who: Api, device: unknown, secret: unknown) =>
  who.post(`${V1}/claims`, { device, secret })

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('rows become devices: with what they say, a credential that lets them in, and a key for their box', async () => {
      const [lamp, hub] = [name(), name()]
      const particle = '0123456789abcdef01234567'.replace(/^..../, String(names).padStart(4, '0'))
      const { results, counts, body } = await bring(
        [
          {
            name: lamp,
            deviceClass: 'lamp',
            tag: 'blue',
            ids: { particle: particle.toUpperCase() },
          },
          { name: hub, gateway: true, claimingAllowed: true },
        ],
        KEYS,
      )
      expect(counts).toEqual({ rows: 2, created: 2, updated: 0, unchanged: 0, failed: 0 })
      expect(body).toMatchObject({ kind: 'devices-import', state: 'done', errors: [] })
      expect(body.bytesDone).toBe(body.bytes)
      expect(results).toEqual(
        [lamp, hub].map((device, place) => ({
          line: place + 1,
          outcome: 'created',
          id: expect.any(String),
          number: expect.any(Number),
          thingId: expect.stringMatching(/^[\w-]{43}$/),
          name: device,
          token: expect.stringMatching(/^[\w-]{43}$/),
          boxKey: expect.stringMatching(/^K(-[2-9A-HJKMNP-Z]{4}){4}$/),
        })),
      )
      const seen = await maker.get(`${V1}/devices/${lamp}`)
      expect(seen.body).toMatchObject({
        id: results[0]?.id,
        deviceClass: 'lamp',
        tag: 'blue',
        ids: { particle },
        gateway: false,
        claimed: false,
      })
      const device = await connectDevice(server.mqttUrl, String(results[0]?.token))
      await device.end()
      const ann = await customer(server.httpUrl)
      expect((await claim(ann, lamp, results[0]?.boxKey)).status).toBe(201)
    })

    test('a box key may be typed in any case; a typing error is told, and is no try', async () => {
      const { results } = await bring([{ name: name() }], KEYS)
      const { name: device, boxKey } = results[0] ?? {}
      const key = String(boxKey)
      const ann = await customer(server.httpUrl)
      const wrong = key.endsWith('2') ? `${key.slice(0, -1)}3` : `${key.slice(0, -1)}2`
      for (let tries = 0; tries < 60; tries++) {
        const reply = await claim(ann, device, wrong)
        expect(reply.status).toBe(400)
        expect(reply.body).toMatchObject({ reason: 'bad-request', errors: [{ path: '/secret' }] })
        expect(reply.text).not.toContain(wrong)
      }
      // The same for a device that is not there: nobody learns of devices by it.
      const absent = await claim(ann, 'not there', wrong)
      expect(absent.body).toEqual((await claim(ann, device, wrong)).body)
      const typed = key.toLowerCase().replaceAll('-', ' ')
      expect((await claim(ann, device, typed)).status).toBe(201)
    })

    test('bad rows are told by their lines, in words; the others go on', async () => {
      const [good, other] = [name(), name()]
      const text = [
        JSON.stringify({ name: good }),
        'nope',
        '',
        JSON.stringify({ name: other, secret: 'sesame', expiresAt: '2001-01-01T00:00:00Z' }),
        JSON.stringify({ name: other, colour: 'red' }),
        JSON.stringify({ name: other }),
      ].join('\n')
      const { counts, body, results } = await bring(text)
      expect(counts).toEqual({ rows: 5, created: 2, updated: 0, unchanged: 0, failed: 3 })
      expect(body.errors).toEqual([
        { line: 2, errors: [{ path: '', message: 'is not JSON in UTF-8' }] },
        { line: 4, errors: [{ path: '/expiresAt', message: 'must be in the future' }] },
        { line: 5, errors: [{ path: '/colour', message: expect.stringMatching(/additional/) }] },
      ])
      expect(results.map(({ line }) => line)).toEqual([1, 6])
    })

    test('the same rows again change nothing; other rows change what they name and nothing else', async () => {
      const [one, two] = [name(), name()]
      const rows = [
        { name: one, tag: 'a', label: 'l', secret: 'sesame', expiresAt: '2999-01-01T00:00:00Z' },
        { name: two, claimCode: `code-${two}`, gateway: true, claimingAllowed: false },
      ]
      const first = await bring(rows, KEYS)
      expect(first.counts.created).toBe(2)
      expect(first.results.some((row) => 'boxKey' in row)).toBe(false)
      const again = await bring(rows, KEYS)
      expect(again.counts).toEqual({ rows: 2, created: 0, updated: 0, unchanged: 2, failed: 0 })
      expect(again.results.map(({ token, boxKey }) => [token, boxKey])).toEqual([
        [undefined, undefined],
        [undefined, undefined],
      ])
      const changed = await bring([{ name: one, tag: 'b' }, { name: two }])
      expect(changed.counts).toMatchObject({ updated: 1, unchanged: 1 })
      expect((await maker.get(`${V1}/devices/${one}`)).body).toMatchObject({ tag: 'b' })
      const ann = await customer(server.httpUrl)
      expect((await claim(ann, one, 'sesame')).status).toBe(201)
      expect((await claim(ann, two, `code-${two}`)).status).toBe(403)
    })

    test('a name twice in a file is one device, and a Particle id of another device is refused', async () => {
      const [one, two] = [name(), name()]
      const particle = `ffff0000ffff0000ffff${String(names).padStart(4, '0')}`
      const { counts, body } = await bring([
        { name: one, ids: { particle } },
        { name: one, tag: 'later' },
        { name: two, ids: { particle } },
        { name: one, ids: { particle: particle.replace('ffff', 'eeee') } },
      ])
      expect(counts).toEqual({ rows: 4, created: 1, updated: 1, unchanged: 0, failed: 2 })
      expect(body.errors.map(({ line }: { line: number }) => line)).toEqual([3, 4])
      expect((await maker.get(`${V1}/devices/${one}`)).body).toMatchObject({
        tag: 'later',
        ids: { particle },
      })
      expect((await maker.get(`${V1}/devices/${two}`)).status).toBe(404)
    })

    test('a claim uses a box key up, and the same file again does not bring it back', async () => {
      const device = name()
      const rows = [{ name: device, secret: 'sesame', claimingAllowed: true }]
      await bring(rows)
      const [ann, bob] = [await customer(server.httpUrl), await customer(server.httpUrl)]
      expect((await claim(ann, device, 'sesame')).status).toBe(201)
      expect((await bring(rows, KEYS)).counts).toMatchObject({ unchanged: 1, updated: 0 })
      expect((await maker.delete(`${V1}/devices/${device}/owner`)).status).toBe(204)
      expect((await bring(rows, KEYS)).counts).toMatchObject({ unchanged: 1, updated: 0 })
      expect((await claim(bob, device, 'sesame')).status).toBe(403)
    })

    test('a device that was made otherwise gets a box key when that is asked for, and keeps one that it has', async () => {
      const bare = await makeDevice(maker, { name: name() })
      const given = await makeDevice(maker, { name: name(), claimCode: 'printed-1' })
      const { results } = await bring([{ name: bare.name }, { name: given.name }], KEYS)
      expect(results).toMatchObject([
        { outcome: 'updated', boxKey: expect.stringMatching(/^K-/) },
        { outcome: 'unchanged' },
      ])
      expect(results.some((row) => 'token' in row)).toBe(false)
      const ann = await customer(server.httpUrl)
      expect((await claim(ann, given.name, 'printed-1')).status).toBe(201)
    })

    test('CSV does the same', async () => {
      const [one, two] = [name(), name()]
      const csv = `\ufeffname,tag,gateway,secret\r\n${one},"a, ""b""",true,\r\n"${two}",,,sesame\r\n`
      const { counts } = await bring(csv, CSV)
      expect(counts).toMatchObject({ rows: 2, created: 2, failed: 0 })
      expect((await maker.get(`${V1}/devices/${one}`)).body).toMatchObject({
        tag: 'a, "b"',
        gateway: true,
      })
      expect((await bring(csv, CSV)).counts).toMatchObject({ unchanged: 2 })
      const wrong = await bring('name,colour\na,b', CSV)
      expect(wrong.counts).toEqual({ rows: 1, created: 0, updated: 0, unchanged: 0, failed: 1 })
    })

    test('an empty file is an import of nothing', async () => {
      expect((await bring('')).counts).toEqual({
        rows: 0,
        created: 0,
        updated: 0,
        unchanged: 0,
        failed: 0,
      })
    })

    test('rows by the thousand, and faults by pages', async () => {
      const prefix = name()
      const rows = Array.from({ length: 2500 }, (_, n) =>
        n % 5 === 4 ? {} : { name: `${prefix}-${n}` },
      )
      const { counts, location, results } = await bring(rows, KEYS)
      expect(counts).toMatchObject({ rows: 2500, created: 2000, failed: 500 })
      expect(results.map((row) => row.name)).toEqual(rows.flatMap((row) => row.name ?? []))
      expect(new Set(results.map(({ boxKey }) => boxKey)).size).toBe(2000)
      const lines: number[] = []
      let after: string | undefined
      do {
        const query = `?limit=300${after === undefined ? '' : `&after=${after}`}`
        const { body } = await maker.get(location + query)
        lines.push(...body.errors.map(({ line }: { line: number }) => line))
        after = body.next
      } while (after !== undefined)
      expect(lines).toEqual(Array.from({ length: 500 }, (_, n) => n * 5 + 5))
    })

    test('more bad rows than are described are counted all the same', async () => {
      const { counts, location } = await bring(Array.from({ length: 1300 }, () => ({})))
      expect(counts).toMatchObject({ rows: 1300, failed: 1300 })
      const pages = []
      let after = ''
      do {
        const { body } = await maker.get(`${location}?limit=500${after}`)
        pages.push(...body.errors)
        after = body.next === undefined ? '' : `&after=${body.next}`
      } while (after !== '')
      expect(pages).toHaveLength(1000)
      expect(pages[0].line).toBe(1)
    })

    test('an Idempotency-Key gives the same operation again, and not for another file', async () => {
      const rows = [{ name: name() }]
      const headers = { 'idempotency-key': name() }
      const first = await sendFile(server.httpUrl, maker, rows, { headers })
      await whenDone(maker, first.headers.get('location') ?? '')
      const again = await sendFile(server.httpUrl, maker, rows, { headers })
      expect(again.status).toBe(202)
      expect(again.headers.get('location')).toBe(first.headers.get('location'))
      const other = await sendFile(server.httpUrl, maker, [{ name: name() }], { headers })
      expect(other.status).toBe(422)
    })

    test('only makers may, and what was made is for the one who has sent it', async () => {
      const ann = await customer(server.httpUrl)
      expect((await sendFile(server.httpUrl, ann, [{ name: name() }])).status).toBe(403)
      expect((await sendFile(server.httpUrl, { token: 'x' }, [{ name: name() }])).status).toBe(401)
      const { location } = await bring([{ name: name() }])
      expect((await ann.get(location)).status).toBe(403)
      expect((await ann.get(`${location}/results`)).status).toBe(403)
      const who = { email: `${name()}@example.com`, password: 'another-maker' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker' })
      const colleague = await signIn(server.httpUrl, who)
      expect((await colleague.get(location)).status).toBe(200)
      expect((await colleague.get(`${location}/results`)).status).toBe(404)
      expect((await maker.get(`${V1}/operations/nothing`)).status).toBe(404)
    })

    test('a project of its own gets its own devices; other makers see neither them nor the operation', async () => {
      const [first, second] = [name(), name()]
      for (const project of [first, second])
        await maker.post(`${V1}/projects`, {
          name: project,
          accounts: 'email',
          provisioning: 'pre',
        })
      const who = { email: `${second}@example.com`, password: 'another-maker' }
      await maker.post(`${V1}/users`, { ...who, role: 'maker', project: second })
      const foreign = await signIn(server.httpUrl, who)
      const { location, counts } = await bring([{ name: 'lamp' }], { query: `?project=${first}` })
      expect(counts.created).toBe(1)
      expect((await foreign.get(location)).status).toBe(404)
      const sent = await sendFile(server.httpUrl, foreign, [{ name: 'lamp' }], {
        query: `?project=${first}`,
      })
      expect(sent.status).toBe(404)
      expect((await importFile(server.httpUrl, foreign, [{ name: 'lamp' }])).counts.created).toBe(1)
    })

    test.each([
      ['JSON', { type: 'application/json' }, 415],
      ['a form', { type: 'application/x-www-form-urlencoded' }, 415],
      ['no type', { type: '' }, 415],
      ['an unknown word', { query: '?boxKeys=yes' }, 400],
      ['an unknown parameter', { query: '?colour=red' }, 400],
      ['an unknown project', { query: '?project=nowhere' }, 404],
    ])('%s is refused with a problem', async (_what, sent, status) => {
      const reply = await sendFile(server.httpUrl, maker, [{ name: name() }], sent)
      expect(reply.status).toBe(status)
      expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    })

    test('a file that is too large is refused, and the next one is taken', async () => {
      const reply = await sendFile(server.httpUrl, maker, Buffer.alloc(32 * 1024 * 1024 + 1, '\n'))
      expect(reply.status).toBe(413)
      expect((await bring([{ name: name() }])).counts.created).toBe(1)
    })

    test('files whose senders go away leave their places to others', async () => {
      for (let times = 0; times < 10; times++) {
        const sent = request(`${server.httpUrl}${V1}/devices/import`, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-ndjson',
            authorization: `Bearer ${maker.token}`,
          },
        })
        const ended = new Promise<void>((resolve) => sent.once('close', () => resolve()))
        sent.on('error', () => undefined)
        // Now the server waits for the rest.
        await new Promise<void>((resolve) => sent.write(`{"name":"${name()}"}\n`, () => resolve()))
        sent.destroy()
        await ended
      }
      const taken = await sendPatiently([{ name: name() }])
      expect((await whenDone(maker, taken)).body).toMatchObject({ created: 1 })
    })

    test('many files at once: as many as may wait are taken, and the others told to come later', async () => {
      const replies = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          sendFile(
            server.httpUrl,
            maker,
            Array.from({ length: 300 }, (_, m) => ({ name: `many-${n}-${m}` })),
          ),
        ),
      )
      const taken = replies.filter(({ status }) => status === 202)
      for (const { status, headers } of replies)
        if (status !== 202) {
          expect(status).toBe(429)
          expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
        }
      expect(taken.length).toBeGreaterThan(0)
      for (const { headers } of taken) {
        const { body } = await whenDone(maker, headers.get('location') ?? '')
        expect(body).toMatchObject({ rows: 300, created: 300 })
      }
    })
  },
)

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('secrets of a file lie nowhere in clear', async () => {
      const secret = 'a-secret-of-the-factory'
      const { results } = await bring([{ name: 'secretive', secret }, { name: 'keyed' }], KEYS)
      const { token, boxKey } = results[1] ?? {}
      const written = filesUnder(server.folder).map((path) => readFileSync(path, 'latin1'))
      expect(written.length).toBeGreaterThan(0)
      for (const clear of [secret, String(token), String(boxKey)])
        expect(written.some((content) => content.includes(clear))).toBe(false)
    })
  },
)

const filesUnder = (path: string): string[] =>
  readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return filesUnder(join(path, entry.name))
    return entry.isFile() ? [join(path, entry.name)] : []
  })
