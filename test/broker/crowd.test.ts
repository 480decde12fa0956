import { expect, test } from '@jest/globals'
import { createCrowd } from '../../broker/crowd.ts'
import { createDoors } from '../../broker/sockets/doors.ts'
import { createTally, type EdgeEvent } from '../../broker/tally.ts'
import { DEFAULT_LIMITS, type Limits, readLimits } from '../../shared/limits.ts'
import { silentLog } from '../../shared/log.ts'
import type { DeviceId } from '../../shared/model/ids.ts'

const ADDRESS = '203.0.113.7'
const OTHER = '203.0.113.8'

/** A crowd whose clock the test moves; `held` are those that wait now. */
const crowdWith = (limits: Partial<Limits> = {}) => {
  const clock = { now: 1_000_000 }
  const events: EdgeEvent[] = []
  const held: (() => void)[] = []
  const crowd = createCrowd({
    limits: { ...DEFAULT_LIMITS, ...limits },
    now: () => clock.now,
    onEvent: (event) => events.push(event),
    wait: () => new Promise<void>((resolve) => held.push(resolve)),
  })
  /** Whether the answer waits. */
  const waits = async (answer: Promise<unknown>): Promise<boolean> => {
    let isDone = false
    void answer.then(() => {
      isDone = true
    })
    await Promise.resolve().then(() => undefined)
    return !isDone
  }
  return { crowd, clock, events, held, waits }
}

test('wrong credentials from one address are answered at once until there are too many, then late, until the minute is over', async () => {
  const { crowd, clock, events, waits } = crowdWith({ wrongConnectsPerMinute: 3 })
  for (const name of ['a', 'b', 'c']) expect(await waits(crowd.wrong(ADDRESS, name))).toBe(false)
  expect(await waits(crowd.wrong(ADDRESS, 'd'))).toBe(true)
  expect(await waits(crowd.wrong(OTHER, 'e'))).toBe(false)
  expect(events).toEqual([
    { what: 'throttled', rule: 'wrong credentials from one address', address: ADDRESS },
  ])
  clock.now += 60_000
  expect(await waits(crowd.wrong(ADDRESS, 'f'))).toBe(false)
})

test('an address is an IPv4 address however it is written, or the /64 of an IPv6 one', async () => {
  const { crowd, waits } = crowdWith({ wrongConnectsPerMinute: 1 })
  await crowd.wrong('::ffff:203.0.113.7', 'a')
  expect(await waits(crowd.wrong(ADDRESS, 'b'))).toBe(true)
  await crowd.wrong('2001:db8:1:2::3', 'c')
  expect(await waits(crowd.wrong('2001:db8:1:2:aaaa::4', 'd'))).toBe(true)
  expect(await waits(crowd.wrong('2001:db8:1:3::3', 'e'))).toBe(false)
})

test('a flood of wrong credentials hides no other one: each is still looked up', async () => {
  const { crowd } = crowdWith({ wrongConnectsPerMinute: 3 })
  for (let i = 0; i < 1000; i++) void crowd.wrong(ADDRESS, `guess ${i}`)
  expect(crowd.isKnownWrong('right')).toBe(false)
  expect(crowd.isKnownWrong('guess 5')).toBe(false)
})

test('one wrong credential again and again, from anywhere, is looked up once a second, so that it may become right', async () => {
  const { crowd, clock, waits } = crowdWith({ wrongConnectsPerMinute: 3 })
  for (let i = 0; i < 3; i++) await crowd.wrong(`203.0.113.${i}`, 'stale')
  expect(crowd.isKnownWrong('stale')).toBe(false)
  expect(await waits(crowd.wrong(OTHER, 'stale'))).toBe(true)
  const looks = Array.from({ length: 30 }, () => {
    clock.now += 100
    return crowd.isKnownWrong('stale')
  })
  expect(looks.filter((isKnown) => !isKnown)).toHaveLength(3)
  clock.now += 60_000
  expect(crowd.isKnownWrong('stale')).toBe(false)
})

test('a device that connects without end is let in late, never refused, and at once again when it has calmed down', async () => {
  const { crowd, clock, held, waits } = crowdWith({ reconnectBurst: 5 })
  const lamp = 'lamp' as DeviceId
  const come = () => waits(crowd.arrived(lamp))
  for (let i = 0; i < 5; i++) expect(await come()).toBe(false)
  const late = crowd.arrived(lamp)
  expect(await waits(late)).toBe(true)
  held.shift()?.()
  expect(await late).toBe(true)
  expect(await waits(crowd.arrived('kettle' as DeviceId))).toBe(false)
  clock.now += 999
  const again = crowd.arrived(lamp)
  expect(await waits(again)).toBe(true)
  held.shift()?.()
  expect(await again).toBe(true)
  clock.now += 2000
  expect(await come()).toBe(false)
  for (let i = 0; i < 100; i++) {
    clock.now += 1000
    expect(await come()).toBe(false)
  }
})

test('of the connections of one device that wait the newest is let in, one a second however many come', async () => {
  const { crowd, held } = crowdWith({ reconnectBurst: 1 })
  const lamp = 'lamp' as DeviceId
  await crowd.arrived(lamp)
  const flood = Array.from({ length: 1000 }, () => crowd.arrived(lamp))
  expect(held).toHaveLength(1)
  held.shift()?.()
  const admitted = await Promise.all(flood)
  expect(admitted.filter(Boolean)).toHaveLength(1)
  expect(admitted.at(-1)).toBe(true)
})

test('only so many are held back at once: waiting never costs more than answering', async () => {
  const { crowd, held, waits } = crowdWith({ wrongConnectsPerMinute: 1 })
  for (let i = 0; i < 5000; i++) void crowd.wrong(ADDRESS, `guess ${i}`)
  expect(held).toHaveLength(1000)
  expect(await waits(crowd.wrong(ADDRESS, 'one more'))).toBe(false)
})

test('limits of 0 hold nobody back', async () => {
  const { crowd, held } = crowdWith({ wrongConnectsPerMinute: 0, reconnectBurst: 0 })
  for (let i = 0; i < 100; i++) {
    await crowd.wrong(ADDRESS, 'same')
    await crowd.arrived('lamp' as DeviceId)
  }
  expect(held).toHaveLength(0)
  expect(crowd.isKnownWrong('same')).toBe(false)
})

const doorsWith = (limits: Partial<Limits>) =>
  createDoors({ limits: { ...DEFAULT_LIMITS, ...limits }, onEvent: () => undefined })

test('an address may hold so many connections and no more, until one of them ends', () => {
  const doors = doorsWith({ connectionsPerAddress: 2 })
  const leave = doors.enter(ADDRESS)
  doors.enter(ADDRESS)
  expect(doors.enter(ADDRESS)).toBeUndefined()
  expect(doors.enter(OTHER)).toBeDefined()
  leave?.()
  leave?.()
  expect(doors.enter(ADDRESS)).toBeDefined()
  expect(doors.enter(ADDRESS)).toBeUndefined()
})

test('this machine may hold any number unless it is said', () => {
  const usual = doorsWith({ connectionsPerAddress: 2 })
  const said = doorsWith({ connectionsFromLoopback: 2 })
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    const through = (doors: typeof usual) =>
      Array.from({ length: 20_000 }, () => doors.enter(address)).filter(Boolean).length
    expect(through(usual)).toBe(20_000)
    expect(through(said)).toBe(address.startsWith('::f') ? 0 : 2)
  }
})

test('all together may hold so many connections', () => {
  const doors = doorsWith({ connections: 3 })
  const all = [1, 2, 3, 4].map((last) => doors.enter(`203.0.113.${last}`))
  expect(all.map((leave) => leave !== undefined)).toEqual([true, true, true, false])
})

test('each kind of event is counted every time, and said once a minute with how often it was', () => {
  const clock = { now: 0 }
  const counted: string[] = []
  const said: object[] = []
  const tally = createTally({
    log: { ...silentLog, info: (fields) => said.push(fields) },
    metrics: { limited: (rule) => counted.push(rule) },
    now: () => clock.now,
  })
  for (let i = 0; i < 3; i++) tally({ what: 'fault', rule: 'one' })
  tally({ what: 'refused', rule: 'two', address: ADDRESS })
  clock.now += 60_000
  tally({ what: 'fault', rule: 'one' })
  expect(counted).toEqual(['one', 'one', 'one', 'two', 'one'])
  expect(said).toEqual([
    { what: 'fault', rule: 'one', times: 1 },
    { what: 'refused', rule: 'two', times: 1, address: ADDRESS },
    { what: 'fault', rule: 'one', times: 3 },
  ])
})

test('limits that are given stand over the usual ones, and every fault in them is said', () => {
  expect(readLimits({ packetBytes: 2048 })).toEqual({ ...DEFAULT_LIMITS, packetBytes: 2048 })
  expect(readLimits({})).toEqual(DEFAULT_LIMITS)
  const wrong = readLimits({ packetBytes: 1, topicLevels: 2.5, grantedQos: '1', __proto: 1, x: 1 })
  expect(wrong).toEqual({
    faults: [
      expect.stringContaining('packetBytes'),
      expect.stringContaining('topicLevels'),
      expect.stringContaining('grantedQos'),
      expect.stringContaining('"__proto"'),
      expect.stringContaining('"x"'),
    ],
  })
  for (const nothing of [[], null, 'x', 1, undefined])
    expect(readLimits(nothing)).toEqual({ faults: [expect.any(String)] })
})
