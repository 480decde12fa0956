import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { signIn } from '../support/api.ts'
import {
  claimWithCode,
  errorOf,
  newCode,
  newCustomer,
  newDevice,
  newProduct,
  newUser,
  online,
  PASSWORD,
  token,
} from '../support/particle.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

let server: TestServer
const ready = async (started: TestServer) => {
  server = started
}
const EVENTS = 'latchkey/v1/events'

/** A stream as it comes: its bytes so far, and its frames one after the other. */
const listen = async (path: string, accessToken: string) => {
  const stop = new AbortController()
  const reply = await fetch(`${server.httpUrl}${path}`, {
    headers: { authorization: `Bearer ${accessToken}` },
    signal: stop.signal,
  })
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let rest = ''
  const piece = async (): Promise<string> => {
    for (;;) {
      const end = rest.indexOf('\n\n')
      if (end >= 0) {
        const found = rest.slice(0, end)
        rest = rest.slice(end + 2)
        return found
      }
      const { done, value } = await reader.read()
      if (done) throw new Error('the stream has ended')
      rest += decoder.decode(value, { stream: true })
    }
  }
  const event = async () => {
    for (;;) {
      const lines = (await piece()).split('\n').filter((line) => line !== '')
      const named = lines.find((line) => line.startsWith('event: '))
      const data = lines.find((line) => line.startsWith('data: '))
      if (named === undefined || data === undefined) continue
      return { name: named.slice(7), ...JSON.parse(data.slice(6)) }
    }
  }
  const ended = async () => {
    for (;;) {
      const { done } = await reader.read().catch(() => ({ done: true }))
      if (done) return true
    }
  }
  return { reply, piece, event, ended, close: () => stop.abort() }
}

const BUSY = join(import.meta.dirname, '../support/busy-stream.mjs')

/** What a program of its own that is busy while its stream opens hears before it listens. */
const missedByBusy = async (path: string, accessToken: string): Promise<string> => {
  const args = [BUSY, `${server.httpUrl}${path}`, accessToken]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 })
  return stdout
}

onEachStore(ready, () => {
  const owned = async () => {
    const user = await newUser(server.httpUrl)
    const target = await newDevice(await signIn(server.httpUrl))
    await claimWithCode(server, target, user)
    return { user, target }
  }

  describe('a stream', () => {
    test('opens with :ok, and tells what a device says in the platform’s frame', async () => {
      const { user, target } = await owned()
      const stream = await listen('/v1/devices/events', user.accessToken)
      expect(stream.reply.status).toBe(200)
      expect(stream.reply.headers.get('content-type')).toMatch(/^text\/event-stream/)
      expect(await stream.piece()).toBe(':ok')
      const device = await online(server, target)
      expect(await stream.event()).toEqual({
        ...{ name: 'spark/status', data: 'online', ttl: expect.any(Number) },
        ...{ published_at: expect.any(String), coreid: target.particleId },
      })
      await device.publish(EVENTS, { eventType: 'temp', eventData: { c: 21 } })
      expect(await stream.event()).toMatchObject({
        ...{ name: 'temp', data: '{"c":21}', coreid: target.particleId },
      })
      await device.end()
      expect(await stream.event()).toMatchObject({ name: 'spark/status', data: 'offline' })
      stream.close()
    })

    test.each([
      ['/v1/devices/events/te'],
      ['/v1/events/te'],
      ['/v1/devices/ID/events/te'],
      ['/v1/devices/events/te%6d'],
    ])('with a prefix tells only what begins with it: %s', async (path) => {
      const { user, target } = await owned()
      const stream = await listen(path.replace('ID', target.particleId), user.accessToken)
      const device = await online(server, target)
      await device.publish(EVENTS, { eventType: 'other' })
      await device.publish(EVENTS, { eventType: 'temp' })
      expect(await stream.event()).toMatchObject({ name: 'temp', data: '{}' })
      stream.close()
      await device.end()
    })

    test.each(['spark%2Fstatus', 'spark/status', 'spark'])(
      'takes the prefix %s',
      async (prefix) => {
        const { user, target } = await owned()
        const stream = await listen(`/v1/devices/events/${prefix}`, user.accessToken)
        const device = await online(server, target)
        expect(await stream.event()).toMatchObject({ name: 'spark/status', data: 'online' })
        stream.close()
        await device.end()
      },
    )

    test('of everything needs a prefix', async () => {
      const user = await newUser(server.httpUrl)
      const reply = await user.get('/v1/events')
      expect([reply.status, reply.body]).toEqual([400, errorOf('event prefix filter is required')])
    })

    test('is silent about other people’s devices, and about claim codes', async () => {
      const [mine, other] = [await owned(), await owned()]
      const stream = await listen('/v1/devices/events', mine.user.accessToken)
      const [device, foreign] = [
        await online(server, mine.target),
        await online(server, other.target),
      ]
      expect(await stream.event()).toMatchObject({ coreid: mine.target.particleId })
      await foreign.publish(EVENTS, { eventType: 'secret' })
      await device.present(await newCode(mine.user))
      await device.publish(EVENTS, { eventType: 'last' })
      expect(await stream.event()).toMatchObject({ name: 'last' })
      stream.close()
      await Promise.all([device.end(), foreign.end()])
    })

    test('cannot be written to by the name of an event', async () => {
      const { user, target } = await owned()
      const stream = await listen('/v1/devices/events', user.accessToken)
      const device = await online(server, target)
      await stream.event()
      const eventType = 'a\ndata: {"forged":1}\n\nevent: b\r'
      await device.publish(EVENTS, { eventType, eventData: { text: '\n\nevent: c' } })
      await device.publish(EVENTS, { eventType: 'last' })
      const forged = await stream.event()
      expect(forged.name).not.toContain('\n')
      expect(forged.forged).toBeUndefined()
      expect(await stream.event()).toMatchObject({ name: 'last' })
      stream.close()
      await device.end()
    })

    test('of a device ends when it is given up, and is refused to strangers', async () => {
      const { user, target } = await owned()
      const stranger = await newUser(server.httpUrl)
      expect((await stranger.get(`/v1/devices/${target.particleId}/events`)).status).toBe(403)
      const stream = await listen(`/v1/devices/${target.particleId}/events`, user.accessToken)
      await user.delete(`/v1/devices/${target.particleId}`)
      expect(await stream.ended()).toBe(true)
    })

    // The client library attaches its listeners after the turn that has read the head: research/particle.md 3.3.
    test('tells nothing together with its head, so that a busy client loses nothing', async () => {
      const { user, target } = await owned()
      const device = await online(server, target)
      const speaking = new AbortController()
      const speak = async () => {
        while (!speaking.signal.aborted) await device.publish(EVENTS, { eventType: 'temp' })
      }
      const spoken = speak()
      try {
        for (let round = 0; round < 3; round++)
          expect(await missedByBusy('/v1/devices/events', user.accessToken)).not.toContain('event:')
      } finally {
        speaking.abort()
        await spoken
        await device.end()
      }
    })

    test('ends with its token alone', async () => {
      const user = await newUser(server.httpUrl)
      const other = await token(server.httpUrl, {
        ...{ grant_type: 'password', username: user.email, password: PASSWORD },
      })
      const [first, second] = [
        await listen('/v1/devices/events', user.accessToken),
        await listen('/v1/devices/events', other.body.access_token),
      ]
      await user.delete('/v1/access_tokens/current')
      expect(await first.ended()).toBe(true)
      expect((await user.post('/v1/devices/events', { name: 'x' })).status).toBe(401)
      const again = await fetch(`${server.httpUrl}/v1/devices/events`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${other.body.access_token}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ name: 'still', data: 'here' }),
      })
      expect(again.status).toBe(200)
      expect(await second.event()).toMatchObject({ name: 'still', data: 'here' })
      second.close()
    })

    test('ends when its token does', async () => {
      const user = await newUser(server.httpUrl)
      const short = await token(server.httpUrl, {
        ...{ grant_type: 'password', username: user.email, password: PASSWORD, expires_in: '1' },
      })
      const stream = await listen('/v1/devices/events', short.body.access_token)
      expect(await stream.ended()).toBe(true)
    })

    test('takes the token from the query, as old clients send it', async () => {
      const user = await newUser(server.httpUrl)
      const reply = await fetch(
        `${server.httpUrl}/v1/devices/events?nonce=0.5&access_token=${user.accessToken}`,
      )
      expect(reply.status).toBe(200)
      await reply.body?.cancel()
    })
  })

  test('a product’s stream tells its team of all devices, and nobody else', async () => {
    const product = await newProduct(server.httpUrl)
    const customer = await newCustomer(server.httpUrl, product)
    const at = `/v1/products/${product.slug}/events`
    expect((await customer.get(at)).status).toBe(403)
    const target = await newDevice(product.maker, product.slug)
    const stream = await listen(`${at}/temp`, product.maker.token as string)
    const one = await listen(
      `/v1/products/${product.slug}/devices/${target.particleId}/events/temp`,
      product.maker.token as string,
    )
    const device = await online(server, target)
    await device.publish(EVENTS, { eventType: 'temp', eventData: { c: 1 } })
    for (const heard of [stream, one])
      expect(await heard.event()).toMatchObject({ name: 'temp', coreid: target.particleId })
    const published = await product.maker.post(at, { name: 'temp/all', data: 'x' })
    expect(published.body).toEqual({ ok: true })
    expect(await stream.event()).toMatchObject({ name: 'temp/all', data: 'x', coreid: 'api' })
    stream.close()
    one.close()
    await device.end()
  })

  test('what is published is heard by its user alone', async () => {
    const [user, other] = [await newUser(server.httpUrl), await newUser(server.httpUrl)]
    const [mine, theirs] = [
      await listen('/v1/devices/events', user.accessToken),
      await listen('/v1/devices/events', other.accessToken),
    ]
    const event = { name: 'hello', data: '{"a":1}', private: true }
    expect((await user.post('/v1/devices/events', event)).body).toEqual({ ok: true })
    expect(await mine.event()).toMatchObject({ name: 'hello', data: '{"a":1}', coreid: 'api' })
    await other.post('/v1/devices/events', { name: 'own' })
    expect(await theirs.event()).toMatchObject({ name: 'own', data: '' })
    for (const bad of [
      {},
      { name: '' },
      { name: 'a', data: 'x'.repeat(1025) },
      { name: 'spark/x' },
    ])
      expect((await user.post('/v1/devices/events', bad)).status).toBe(400)
    mine.close()
    theirs.close()
  })
})

test('a silent stream says something at least every 9 seconds', async () => {
  const { particleForm } = await import('../../gateway/dialects/particle/frames.ts')
  const { beat, beatMs, hello } = particleForm(async () => '')
  // 15 s of silence is what the client library gives up after: research/particle.md 3.3.
  expect([hello, beatMs <= 9000, /^\n+$/.test(beat)]).toEqual([':ok\n\n', true, true])
})
