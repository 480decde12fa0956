import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { counted, eventually, listeningLog, mailSettings, withMailRooms } from '../support/mail.ts'

type Call = {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real HTTP server; `answers` are used up one by one, then 200. */
const startHook = async (answers: ((response: ServerResponse) => void)[] = []) => {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const { method, url: path, headers } = request
    void text(request).then((body) => {
      calls.push({ method, path, headers, body })
      const answer = answers.shift()
      if (answer === undefined) response.end('{}')
      else answer(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    calls,
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(code, headers).end('no')
  }

withMailRooms((room) => {
  let numbers = 0
  const send = async () => {
    const { parts, project } = room()
    numbers += 1
    const to = `+3460000${String(numbers).padStart(4, '0')}`
    await parts.mail.sendSms({ project, to, subject: to })
    return to
  }

  const started = async (answers: ((response: ServerResponse) => void)[] = [], user = '') => {
    const hook = await startHook(answers)
    const { log, text: logged } = listeningLog()
    const settings = mailSettings(
      'file:/nowhere',
      `http://${user}127.0.0.1:${hook.port}/send?from=me`,
    )
    const couriers = await room().couriers(settings, { log })
    return { hook, logged, ...couriers }
  }

  test('the hook gets the message as JSON, and the credentials of its URL in a header', async () => {
    const { hook, logged, metrics } = await started([], 'us%40er:p%3Aw@')
    const to = await send()
    await eventually(async () => (await counted(metrics, 'sent', 'sms')) === 1)
    const [call] = hook.calls
    expect(call).toMatchObject({ method: 'POST', path: '/send?from=me' })
    expect(call?.headers['content-type']).toMatch(/^application\/json/)
    expect(call?.headers.authorization).toBe(`Basic ${btoa('us@er:p:w')}`)
    const body = JSON.parse(call?.body as string)
    expect(body).toEqual({
      to,
      text: expect.stringContaining(body.code),
      code: expect.stringMatching(/^\d{6}$/),
    })
    for (const secret of [to, body.code, 'p:w', 'p%3Aw', btoa('us@er:p:w')])
      expect(logged()).not.toContain(secret)
    await hook.close()
  })

  test('a hook that fails is called again, with the same code and the same key', async () => {
    const { hook, metrics } = await started([status(503), (response) => response.destroy()])
    await send()
    await eventually(async () => (await counted(metrics, 'sent', 'sms')) === 1)
    expect(hook.calls).toHaveLength(3)
    expect(new Set(hook.calls.map(({ body }) => body)).size).toBe(1)
    const names = new Set(hook.calls.map(({ headers }) => headers['idempotency-key']))
    expect([...names]).toEqual([expect.stringMatching(/^\d+-[0-9a-f-]{36}$/)])
    await hook.close()
  })

  test('a redirect is not followed', async () => {
    const elsewhere = await startHook()
    const { hook, metrics } = await started([
      status(307, { location: `http://127.0.0.1:${elsewhere.port}/` }),
    ])
    await send()
    await eventually(async () => (await counted(metrics, 'sent', 'sms')) === 1)
    expect(hook.calls).toHaveLength(2)
    expect(elsewhere.calls).toEqual([])
    await hook.close()
    await elsewhere.close()
  })

  test('a number that the hook refuses is given up at once', async () => {
    const { hook, logged, metrics } = await started([status(422)])
    const to = await send()
    await eventually(async () => (await counted(metrics, 'given-up', 'sms')) === 1)
    expect(hook.calls).toHaveLength(1)
    expect(logged()).toContain('422')
    expect(logged()).not.toContain(to)
    await hook.close()
  })

  test('a hook that never answers does not hold up the end, and the message is sent by the next', async () => {
    const { hook, close } = await started([() => undefined])
    const to = await send()
    await eventually(() => hook.calls.length === 1)
    await close()
    const next = await started()
    await eventually(async () => (await counted(next.metrics, 'sent', 'sms')) === 1)
    expect(JSON.parse(next.hook.calls[0]?.body as string)).toMatchObject({ to })
    await hook.close()
    await next.hook.close()
  })
})
