import { describe, expect, test } from '@jest/globals'
import { api } from '../support/api.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'
import { activate, register, removeThing } from '../support/thethings.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}

const CREATED = '{"status":"success","message":"created"}'
const errorOf = (code: number) => ({ status: 'error', code, message: expect.any(String) })

/** A thing, its owner, and how both speak. */
const owned = async () => {
  const { thingToken, thingId } = await activate(server.httpUrl)
  const ada = await register(server.httpUrl)
  await ada.post('/v2/me/things', { thingToken })
  const http = api(server.httpUrl)
  return {
    thingToken,
    thingId,
    ada,
    write: (values: unknown) => http.post(`/v2/things/${thingToken}`, { values }),
    read: (rest: string) => http.get(`/v2/things/${thingToken}/resources/${rest}`),
  }
}

/** Every chunk of a stream, each a JSON text. */
const listen = async (thingToken: string, keepAlive = 1000) => {
  const reply = await fetch(`${server.httpUrl}/v2/things/${thingToken}?keepAlive=${keepAlive}`)
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
  const next = async (): Promise<unknown> => {
    const { done, value } = await reader.read()
    return done ? 'over' : JSON.parse(new TextDecoder().decode(value))
  }
  const nextValues = async (): Promise<unknown> => {
    for (;;) {
      const said = await next()
      if (JSON.stringify(said) !== '{}') return said
    }
  }
  return { reply, next, nextValues, close: () => reader.cancel() }
}

onEachStore(ready, () => {
  describe('values', () => {
    test('that a thing writes are read by it and by its owner, newest first', async () => {
      const { thingId, ada, write, read } = await owned()
      expect((await write([{ key: 'weight', value: 70 }])).text).toBe(CREATED)
      const geo = { lat: 41.38, long: 2.17 }
      const more = [
        { key: 'weight', value: 71, geo },
        { key: 'fat', value: { percent: 20 } },
      ]
      expect((await write(more)).status).toBe(201)
      const datetime = expect.stringMatching(/^\d{4}-.*Z$/)
      const newest = { value: 71, geo, datetime }
      expect((await read('weight/?limit=15')).body).toEqual([
        { key: 'weight', ...newest },
        { key: 'weight', value: 70, datetime },
      ])
      expect((await read('weight?limit=1')).body).toHaveLength(1)
      expect((await ada.get(`/v2/me/resources/weight/${thingId}?limit=1`)).body).toEqual([newest])
      expect((await ada.get('/v2/me/resources/fat')).body).toEqual({
        [thingId]: [{ value: { percent: 20 }, datetime }],
      })
      expect((await ada.get('/v2/me/resources')).body).toEqual([
        { name: 'weight', things: [thingId] },
        { name: 'fat', things: [thingId] },
      ])
      expect([(await read('height')).status, (await read('weight?limit=x')).status]).toEqual([
        404, 400,
      ])
    })

    test('have the time that the thing gives, and can be asked for by it', async () => {
      const { write, read } = await owned()
      await write([
        { key: 'k', value: 2, datetime: '2020-02-02T00:00:00Z' },
        { key: 'k', value: 1, datetime: '2020-01-01T00:00:00.000Z' },
      ])
      expect((await read('k')).body).toEqual([
        { key: 'k', value: 2, datetime: '2020-02-02T00:00:00.000Z' },
        { key: 'k', value: 1, datetime: '2020-01-01T00:00:00.000Z' },
      ])
      expect((await read('k?startDate=2020-01-15')).body).toMatchObject([{ value: 2 }])
      expect((await read('k?endDate=2020-01-15')).body).toMatchObject([{ value: 1 }])
      expect((await read('k?startDate=2021-01-01')).status).toBe(404)
      expect((await read('k?startDate=never')).status).toBe(400)
    })

    // tt-js README and examples/read-with-pagination.js: YYYYMMDDTHHmmss, YYYYMMDDHHmmss, and on from the last one.
    test('can be asked for in the short form of time, from page to page', async () => {
      const { write, read } = await owned()
      const seconds = ['05', '06', '07', '08']
      await write(
        seconds.map((s) => ({ key: 'k', value: s, datetime: `2015-01-20T10:00:${s}.000Z` })),
      )
      const page = async (endDate: string) => {
        const { status, body } = await read(`k?limit=3&endDate=${endDate}&startDate=20150101000000`)
        return status === 404 ? 'none' : body.map(({ value }: { value: string }) => value)
      }
      expect(await page('20150201000000')).toEqual(['08', '07', '06'])
      expect(await page('20150120T100006')).toEqual(['05'])
      expect(await page('20150120100005')).toBe('none')
      expect((await read('k?endDate=20159901000000')).status).toBe(400)
    })

    test.each([
      [undefined],
      [[]],
      ['x'],
      [[{ key: 'k' }]],
      [[{ value: 1 }]],
      [[{ key: '', value: 1 }]],
      [[{ key: 'k\n', value: 1 }]],
      [[{ key: 'k'.repeat(129), value: 1 }]],
      [[{ key: 'k', value: 'x'.repeat(5000) }]],
      [[{ key: 'k', value: 1, datetime: 'soon' }]],
      [[{ key: 'k', value: 1, geo: { lat: 'x' } }]],
      [Array.from({ length: 101 }, () => ({ key: 'k', value: 1 }))],
    ])('such as %j are refused, and nothing is stored', async (values) => {
      const { write, read } = await owned()
      const reply = await write(values)
      expect([reply.status, reply.body]).toEqual([400, errorOf(400)])
      expect((await read('k')).status).toBe(404)
    })

    test('fill a hundred resources of a thing and no more', async () => {
      const { write, read } = await owned()
      const batch = (from: number, count: number) =>
        write(Array.from({ length: count }, (_, n) => ({ key: `k${from + n}`, value: n })))
      expect((await batch(0, 100)).status).toBe(201)
      expect((await batch(100, 1)).status).toBe(400)
      expect((await batch(0, 100)).status).toBe(201)
      expect((await read('k100')).status).toBe(404)
    })

    test('of a foreign thing are nobody else’s, to read or to write', async () => {
      const { thingId, write } = await owned()
      await write([{ key: 'k', value: 1 }])
      const eve = await register(server.httpUrl)
      for (const reply of [
        await eve.get(`/v2/me/resources/k/${thingId}`),
        await eve.get('/v2/me/resources/k'),
        await eve.post(`/v2/me/resources/k/${thingId}`, { values: [{ value: 9 }] }),
        await eve.get(`/v2/me/resources/k/${'A'.repeat(43)}`),
      ])
        expect([reply.status, reply.body]).toEqual([404, errorOf(404)])
      expect((await eve.get('/v2/me/resources')).text).toBe('[]')
    })

    test('end with the ownership, for the former owner and for the next', async () => {
      const { thingToken, thingId, ada, write, read } = await owned()
      await write([{ key: 'k', value: 'hers' }])
      await ada.delete(`/v2/me/things/${thingId}`)
      expect((await ada.get(`/v2/me/resources/k/${thingId}`)).status).toBe(404)
      expect((await ada.get('/v2/me/resources/k')).status).toBe(404)
      expect((await ada.get('/v2/me/resources')).text).toBe('[]')
      const late = await ada.post(`/v2/me/resources/k/${thingId}`, { values: [{ value: 1 }] })
      expect(late.status).toBe(404)
      await write([{ key: 'k', value: 'nobody’s' }])
      const bob = await register(server.httpUrl)
      await bob.post('/v2/me/things', { thingToken })
      expect((await bob.get(`/v2/me/resources/k/${thingId}`)).status).toBe(404)
      expect((await read('k')).status).toBe(404)
      await write([{ key: 'k', value: 'his' }])
      expect((await bob.get('/v2/me/resources/k')).body).toMatchObject({
        [thingId]: [{ value: 'his' }],
      })
    })
  })

  describe('a thing that listens', () => {
    test('hears what its owner sets, each JSON text in a chunk of its own', async () => {
      const { thingToken, thingId, ada, read } = await owned()
      const stream = await listen(thingToken)
      expect(stream.reply.status).toBe(200)
      expect(await stream.next()).toEqual({ status: 'success', message: 'subscribed' })
      expect(await stream.next()).toEqual({})
      const values = [{ value: 'on' }, { value: 'off' }]
      const set = await ada.post(`/v2/me/resources/lamp/${thingId}/`, { values })
      expect([set.status, set.text]).toEqual([201, CREATED])
      const datetime = expect.any(String)
      expect(await stream.nextValues()).toEqual([
        { key: 'lamp', value: 'on', datetime },
        { key: 'lamp', value: 'off', datetime },
      ])
      expect((await read('lamp')).body).toHaveLength(2)
      await stream.close()
    })

    // tt-js examples/realtime-lag-test.js.
    test('hears what it writes itself', async () => {
      const { thingToken, write } = await owned()
      const stream = await listen(thingToken)
      await stream.next()
      await write([{ key: 'hello', value: 'world' }])
      const values = [{ key: 'hello', value: 'world', datetime: expect.any(String) }]
      expect(await stream.nextValues()).toEqual(values)
      await stream.close()
    })

    test('hears nothing more of a former owner', async () => {
      const { thingToken, thingId, ada } = await owned()
      const stream = await listen(thingToken)
      await stream.next()
      const bob = await register(server.httpUrl)
      await ada.delete(`/v2/me/things/${thingId}`)
      await ada.post(`/v2/me/resources/lamp/${thingId}`, { values: [{ value: 'hers' }] })
      await bob.post('/v2/me/things', { thingToken })
      await bob.post(`/v2/me/resources/lamp/${thingId}`, { values: [{ value: 'his' }] })
      expect(await stream.nextValues()).toMatchObject([{ value: 'his' }])
      await stream.close()
    })

    test('hears the end within a second when its credential dies', async () => {
      const { thingToken, thingId } = await owned()
      const stream = await listen(thingToken)
      await stream.next()
      await removeThing(server.httpUrl, thingId)
      const before = performance.now()
      expect(await stream.nextValues()).toBe('over')
      expect(performance.now() - before).toBeLessThan(1000)
      const refused = await listen(thingToken)
      expect([refused.reply.status, await refused.next()]).toEqual([404, errorOf(404)])
    })
  })
})
