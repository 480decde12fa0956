import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type Client,
  createClient,
  type Done,
  type Refused,
  type Result,
  StreamRefused,
  Unreachable,
} from '../../client/index.ts'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { type BadNetwork, type Fate, startBadNetwork } from '../support/bad-network.ts'
import { connectDevice } from '../support/device.ts'
import { startServer, type TestServer } from '../support/server.ts'

const V1 = '/latchkey/v1'
const COMMANDS = 'latchkey/v1/commands'

let server: TestServer
let network: BadNetwork
let maker: Api
beforeAll(async () => {
  server = await startServer()
  network = await startBadNetwork(server.httpUrl)
  maker = await signIn(server.httpUrl)
})
afterEach(() => network.rule(() => 'pass'))
afterAll(async () => {
  await network.close()
  await server.close()
})

const done = <T>(result: Result<T>): Done<T> => {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.problem)}`)
  return result
}
const refused = <T>(result: Result<T>): Refused => {
  if (result.ok) throw new Error(`not refused: ${JSON.stringify(result.value)}`)
  return result
}

/** A customer of the client, and his e-mail address. */
const newClient = async (more: { patienceMs?: number } = {}) => {
  const { email, home, token = '' } = await customer(server.httpUrl)
  return { email, home, client: createClient({ server: network.url, token, ...more }) }
}

/** A device that the customer owns. */
const ownedBy = async (client: Client) => {
  const device = await makeDevice(maker, { claimCode: 'printed' })
  const { value } = done(await client.claim({ device: device.name, secret: 'printed' }))
  expect(value).toMatchObject({ state: 'claimed', device: device.id, epoch: 1 })
  return device
}

describe('calls', () => {
  test('an account signs in, claims, commands, releases and signs out', async () => {
    const client = createClient({ server: `${network.url}/` })
    const who = { email: 'ada@example.com', password: 'correct horse' }
    done(await client.makeAccount(who))
    expect(await client.token()).toBeUndefined()
    const { value: session } = done(await client.signIn(who))
    expect(session.user).toMatchObject({ email: who.email, role: 'customer' })
    expect(await client.token()).toBe(session.token)

    const device = await ownedBy(client)
    const mqtt = await connectDevice(server.mqttUrl, device.token, [COMMANDS])
    const order = { id: device.id, action: 'blink', parameters: { times: 3 } }
    const { id } = done(await client.giveCommand(order)).value
    expect(await mqtt.next(COMMANDS)).toMatchObject({ ...order, id })
    await mqtt.publish(`${COMMANDS}/${id}/ack`, { blinked: 3 })
    await mqtt.end()
    const command = done(await client.readCommand({ id: device.id, command: id })).value
    expect(command).toMatchObject({ state: 'acknowledged', result: { blinked: 3 } })

    const { items } = done(await client.listDevices({ limit: 10 })).value
    expect(items.map(({ name }) => name)).toEqual([device.name])
    expect(done(await client.releaseDevice({ id: device.id }))).toMatchObject({ status: 204 })
    expect(done(await client.listDevices()).value.items).toEqual([])
    done(await client.signOut())
    expect(await client.token()).toBeUndefined()
    expect(refused(await client.listDevices()).status).toBe(401)
  })

  test('a refusal is a value, with its reason, its problem and the way to its explanation', async () => {
    const { client } = await newClient()
    const device = await makeDevice(maker, { claimCode: 'printed' })
    const no = refused(await client.claim({ device: device.name, secret: 'wrong' }))
    expect(no).toMatchObject({ status: 403, reason: 'not-permitted' })
    expect(no.problem.type).toBe('urn:latchkey:problem:not-permitted')
    const { value } = done(await client.explainClaim({ id: no.claim ?? '' }))
    expect(value).toMatchObject({ id: no.claim, state: 'refused' })
    expect(value.nextStep).toMatch(/secret/)
    const mistyped = refused(await client.claim({ device: device.name, secret: 'x'.repeat(300) }))
    expect(mistyped).toMatchObject({ status: 400, reason: 'bad-request' })
    expect(mistyped.problem.errors?.length).toBeGreaterThan(0)
  })

  test('an id that no address can hold is refused here, and nothing is asked', async () => {
    const { client } = await newClient()
    const before = network.seen.length
    for (const id of ['', '.', '..']) {
      expect(refused(await client.releaseDevice({ id })).problem.errors).toEqual([
        { path: '/id', message: 'cannot stand in an address' },
      ])
    }
    expect(network.seen.length).toBe(before)
    // Everything else can, and stays one part of the path.
    expect(refused(await client.readDevice({ id: '../devices?x#/%2e' })).reason).toBe(
      'device-unknown',
    )
    expect(network.seen.at(-1)).toBe(`GET ${V1}/devices/..%2Fdevices%3Fx%23%2F%252e`)
  })

  test('a token that is over is asked for once more, and no oftener', async () => {
    const { token = '' } = await customer(server.httpUrl)
    const asked: boolean[] = []
    const source = (good: string) => async (isOver: boolean) => {
      asked.push(isOver)
      return isOver ? good : 'an-old-token'
    }
    const client = createClient({ server: network.url, token: source(token) })
    done(await client.listDevices())
    expect(asked).toEqual([false, true])
    const other = createClient({ server: network.url, token: source('no-better') })
    expect(refused(await other.listDevices())).toMatchObject({ status: 401 })
  })
})

describe('a network that loses things', () => {
  const loseFirst = (asked: string) => {
    let isLost = false
    network.rule((now) => {
      if (isLost || now !== asked) return 'pass'
      isLost = true
      return 'lose'
    })
  }
  const times = (asked: string) => network.seen.filter((seen) => seen === asked).length

  test('a POST whose answer is lost is sent again, and done once', async () => {
    const { client } = await newClient()
    loseFirst(`POST ${V1}/homes`)
    const before = times(`POST ${V1}/homes`)
    const { value } = done(await client.makeHome({ name: 'hut' }))
    expect(times(`POST ${V1}/homes`)).toBe(before + 2)
    const names = done(await client.listHomes()).value.items.map(({ id }) => id)
    expect(names).toHaveLength(2)
    expect(names).toContain(value.id)
  })

  test('a wrong secret whose answer is lost counts as one try', async () => {
    const { client } = await newClient()
    const device = await makeDevice(maker, { claimCode: 'printed' })
    loseFirst(`POST ${V1}/claims`)
    refused(await client.claim({ device: device.name, secret: 'wrong' }))
    const tries = (await maker.get(`${V1}/devices/${device.id}/attempts`)).body.items
    expect(tries).toHaveLength(1)
  })

  test('a DELETE whose answer is lost is not sent again: somebody else may own the device by then', async () => {
    const { client } = await newClient()
    const device = await ownedBy(client)
    const asked = `DELETE ${V1}/devices/${device.id}/owner`
    loseFirst(asked)
    await expect(client.releaseDevice({ id: device.id })).rejects.toThrow(Unreachable)
    expect(times(asked)).toBe(1)
  })

  test('an outage is thrown, with what the server said of it', async () => {
    const { client } = await newClient()
    const problem = { type: 'urn:latchkey:problem:unavailable', title: 'Not available' }
    network.rule(() => ({
      status: 503,
      headers: { 'content-type': 'application/problem+json' },
      body: JSON.stringify({ ...problem, status: 503, reason: 'unavailable', retryAfterMs: 1 }),
    }))
    await expect(client.listDevices()).rejects.toMatchObject({
      ...{ name: 'Unreachable', problem: { reason: 'unavailable' } },
    })
  })

  test('what is no answer of ours is an outage too, and a token follows no redirect', async () => {
    const { client } = await newClient()
    const html = { 'content-type': 'text/html' }
    network.rule(() => ({ status: 200, headers: html, body: '<h1>Welcome to our Wi-Fi</h1>' }))
    await expect(client.setGrants({ id: 'x', claimDevices: true })).rejects.toThrow(Unreachable)
    const stranger = await startBadNetwork(server.httpUrl)
    const location = { location: `${stranger.url}${V1}/users/x/grants` }
    network.rule(() => ({ status: 307, headers: location, body: '' }))
    await expect(client.setGrants({ id: 'x', claimDevices: true })).rejects.toThrow(Unreachable)
    expect(stranger.seen).toEqual([])
    await stranger.close()
  })

  test('a call that is given up ends with the reason of its signal', async () => {
    const { client } = await newClient()
    const { id } = done(await client.claim({ linkId: 'given up' })).value
    const over = new AbortController()
    const waits = client.readClaim({ id, waitMs: 30_000 }, { signal: over.signal })
    over.abort(new Error('the person has left'))
    await expect(waits).rejects.toThrow('the person has left')
    await expect(client.untilDecided(id, { signal: over.signal })).rejects.toThrow('has left')
  })
})

const heldBack = (asked: string) => (asked === `GET ${V1}/events` ? 'hold' : 'pass')

/** How long the tests wait for the first byte of a stream that is held back. */
const PATIENCE = { patienceMs: 1000 }

const WAYS = [
  { way: 'a live stream', fateOf: (): Fate => 'pass', more: {}, polls: false },
  { way: 'long polls, as streams are held back', fateOf: heldBack, more: PATIENCE, polls: true },
] as const

describe.each(WAYS)('by $way', ({ way, fateOf, more, polls }) => {
  test('a claim waits until the device comes', async () => {
    network.rule(fateOf)
    const { client } = await newClient(more)
    const device = await makeDevice(maker)
    const linkId = `SSID of ${way}`
    const half = done(await client.claim({ linkId })).value
    expect(half.state).toBe('waiting')
    const decided = client.untilDecided(half.id)
    const mqtt = await connectDevice(server.mqttUrl, device.token)
    await mqtt.publish('latchkey/v1/link', { linkId })
    await mqtt.end()
    expect(done(await decided).value).toMatchObject({
      ...{ id: half.id, state: 'claimed', device: device.id, epoch: 1 },
    })
    const looks = network.seen.filter((asked) => asked.includes(half.id))
    expect(looks.some((asked) => asked.includes('waitMs='))).toBe(polls)
  })

  test('a code waits until the device brings it; its claim is named', async () => {
    network.rule(fateOf)
    const { client } = await newClient(more)
    const device = await makeDevice(maker)
    const made = done(await client.makeClaimCode())
    const decided = client.untilDecided(made.claim ?? '')
    const mqtt = await connectDevice(server.mqttUrl, device.token)
    await mqtt.publish('latchkey/v1/code', { code: made.value.code })
    await mqtt.end()
    expect(done(await decided).value).toMatchObject({ state: 'claimed', device: device.id })
  })
})

describe('events', () => {
  /** Says something, as the device. */
  const say = async (token: string, ...numbers: readonly number[]) => {
    const mqtt = await connectDevice(server.mqttUrl, token)
    for (const number of numbers)
      await mqtt.publish('latchkey/v1/events', { eventType: 'count', eventData: { number } })
    await mqtt.end()
  }

  /** Calls back as soon as the stream is open for the n-th time. */
  const openings = () => {
    const gapless: boolean[] = []
    let told: () => void = () => undefined
    return {
      gapless,
      onOpen: (isGapless: boolean) => {
        gapless.push(isGapless)
        told()
      },
      atLeast: async (count: number) => {
        while (gapless.length < count)
          await new Promise<void>((resolve) => {
            told = resolve
          })
      },
    }
  }

  /** The next numbers that a device says; the stream stays open. */
  const numbersOf = async (events: ReturnType<Client['events']>, count: number) => {
    const numbers: unknown[] = []
    while (numbers.length < count) {
      const { type, data } = (await events.next()).value
      if (type === 'latchkey.device.event')
        numbers.push((data.eventData as { number: number }).number)
    }
    return numbers
  }

  test('come one after the other; a stream that is cut goes on where it was', async () => {
    const { client } = await newClient()
    const { token } = await ownedBy(client)
    const opened = openings()
    const events = client.events(opened)
    const first = numbersOf(events, 2)
    await opened.atLeast(1)
    await say(token, 1, 2)
    expect(await first).toEqual([1, 2])

    // What happens while nobody is connected is told afterwards, and nothing twice.
    const rest = numbersOf(events, 3)
    network.rule(() => ({ status: 502, headers: {}, body: '' }))
    await seenAgain(network.cut)
    await say(token, 3, 4)
    network.rule(() => 'pass')
    await opened.atLeast(2)
    await say(token, 5)
    expect(await rest).toEqual([3, 4, 5])
    expect(opened.gapless).toEqual([false, true])
    await events.return(undefined as never)
  })

  /** Cuts the connections; resolves when the client has tried to come again. */
  const seenAgain = async (cut: () => void) => {
    const before = network.seen.length
    cut()
    while (network.seen.length === before) await new Promise((resolve) => setImmediate(resolve))
  }

  test('come by long polls where streams are held back', async () => {
    network.rule(heldBack)
    const { client } = await newClient(PATIENCE)
    const { id, token } = await ownedBy(client)
    await say(token, 1)
    const { items } = done(await client.listDeviceEvents({ id })).value
    const events = client.events({ after: items.at(-1)?.id })
    const rest = numbersOf(events, 3)
    await say(token, 2, 3, 4)
    expect(await rest).toEqual([2, 3, 4])
    await events.return(undefined as never)
  })

  test('end where they may not be heard, or cannot be taken up', async () => {
    const { client } = await newClient()
    const nobody = createClient({ server: network.url })
    const reasonOf = async (events: ReturnType<Client['events']>) => {
      const thrown: unknown = await events.next().catch((error: unknown) => error)
      if (!(thrown instanceof StreamRefused)) throw thrown
      return [thrown.refused.status, thrown.refused.reason]
    }
    expect(await reasonOf(nobody.events())).toEqual([401, 'not-permitted'])
    expect(await reasonOf(client.events({ after: 'nonsense' }))).toEqual([400, 'bad-request'])
    done(await client.signOut())
    expect(await reasonOf(client.events())).toEqual([401, 'not-permitted'])
  })

  test('leave no connection behind when their reader goes', async () => {
    const { client } = await newClient()
    const { token } = await ownedBy(client)
    const opened = openings()
    const reading = (async () => {
      for await (const { type } of client.events(opened)) if (type.endsWith('device.event')) return
    })()
    await opened.atLeast(1)
    const asked = network.seen.length
    await say(token, 1)
    await reading
    // Nobody asks again for what nobody reads.
    await say(token, 2)
    expect(network.seen.length).toBe(asked)
  })
})
