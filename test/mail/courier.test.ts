import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { silentLog } from '../../shared/log.ts'
import { type Carried, declined, postponed, SENT } from '../../shared/mail/carriers/carrier.ts'
import { createCourier, LEASE_MS, pauseAfter } from '../../shared/mail/courier.ts'
import { startCouriers } from '../../shared/mail/couriers.ts'
import { LONGEST_QUEUE, type WaitingLetter } from '../../shared/mail/queue.ts'
import { createMetrics, type Metrics, noMetrics } from '../../shared/metrics.ts'
import type { ProjectId } from '../../shared/model/ids.ts'
import { keys } from '../../shared/store/keys.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { counted, eventually, listeningLog, mailSettings, withMailRooms } from '../support/mail.ts'
import { partsOn } from '../support/parts.ts'
import { describeWithRedis, startRedis } from '../support/redis-server.ts'
import { startSmtp } from '../support/smtp.ts'

const DAY_MS = 86_400_000

test('pauses double from a second to a quarter of an hour, half of them by chance', () => {
  const pauses = (random: (below: number) => number) =>
    [1, 2, 3, 10, 11, 90].map((tries) => pauseAfter(tries, random))
  expect(pauses(() => 0)).toEqual([500, 1000, 2000, 256_000, 450_000, 450_000])
  expect(pauses((below) => below - 1)).toEqual([1000, 2000, 4000, 512_000, 900_000, 900_000])
})

withMailRooms((room) => {
  /** A courier of one node, whose sending the test decides; it goes round when it is told to. */
  const courier = (
    send: (letter: WaitingLetter) => Promise<Carried>,
    more: { readonly store?: Store; readonly metrics?: Metrics } = {},
  ) => {
    const { store, project, parts } = room()
    const { log, text } = listeningLog()
    const { round } = createCourier({
      ...{ store, way: 'mail', send, log, metrics: createMetrics(), now: parts.now },
      ...{ random: () => 0, signal: new AbortController().signal },
      ...more,
    })
    return { round: () => round(project), text }
  }

  const ask = async (to = `${randomUUID()}@example.com`) => {
    const { parts, project } = room()
    const asked = await parts.mail.send({ project, letter: 'verify-email', to, subject: to })
    expect(asked.state).toBe('asked')
    return to
  }

  /** All that waits goes, so that a test begins with nothing. */
  const emptied = async () => {
    for (;;) if ((await courier(async () => SENT).round()) === undefined) return
  }

  describe('a letter in the queue', () => {
    test('is there with the commit that it belongs to, and not without it', async () => {
      await emptied()
      const { parts, project, store } = room()
      const asked = await parts.mail.ask({
        ...{ project, letter: 'verify-email', to: 'ada@example.com', subject: 'ada' },
      })
      if (asked.state === 'refused') throw new Error(asked.reason)
      const sent: string[] = []
      const node = courier(async ({ to }) => {
        sent.push(to)
        return SENT
      })
      expect(await node.round()).toBeUndefined()
      expect(await store.commit(asked.change)).toBe(true)
      expect(await node.round()).toBeUndefined()
      expect(sent).toEqual(['ada@example.com'])
      expect(await node.round()).toBeUndefined()
      expect(sent).toHaveLength(1)
    })

    test('that one node has taken is left alone by another until its lease ends; then the first has no say', async () => {
      await emptied()
      const { clock } = room().parts
      const to = await ask()
      const metrics = createMetrics()
      let answer: (carried: Carried) => void = () => undefined
      let taken: () => void = () => undefined
      const isTaken = new Promise<void>((resolve) => {
        taken = resolve
      })
      const slow = courier(
        () =>
          new Promise((resolve) => {
            answer = resolve
            taken()
          }),
        { metrics },
      )
      const sent: string[] = []
      const quick = courier(async (letter) => {
        sent.push(letter.to)
        return SENT
      })
      const began = clock.now
      const under = slow.round()
      await isTaken
      expect(await quick.round()).toBe(began + LEASE_MS)
      expect(sent).toEqual([])
      clock.now = began + LEASE_MS
      expect(await quick.round()).toBeUndefined()
      expect(sent).toEqual([to])
      answer(postponed('too late'))
      await under
      clock.now = began
      expect(await counted(metrics, 'postponed')).toBe(0)
      expect(await quick.round()).toBeUndefined()
      expect(sent).toHaveLength(1)
    })

    test('that cannot be sent is tried with longer and longer pauses, and given up at its end', async () => {
      await emptied()
      const { clock } = room().parts
      const began = clock.now
      const to = await ask()
      const metrics = createMetrics()
      const pauses: number[] = []
      const tries: number[] = []
      const node = courier(
        async (letter) => {
          tries.push(letter.tries)
          return postponed('the server is away')
        },
        { metrics },
      )
      for (let next = await node.round(); next !== undefined; next = await node.round()) {
        pauses.push(next - clock.now)
        clock.now = next
      }
      // Half of 1, 2, 4 … 512 s, then of a quarter of an hour, for a day, which is the token's.
      expect(pauses.slice(0, 4)).toEqual([500, 1000, 2000, 4000])
      expect(Math.max(...pauses)).toBe(450_000)
      expect(tries).toEqual(tries.map((_, place) => place + 1))
      expect(tries).toHaveLength(100)
      expect(clock.now - began).toBeLessThanOrEqual(DAY_MS + 450_000)
      expect(await counted(metrics, 'given-up')).toBe(1)
      expect(node.text()).toContain('given up')
      expect(node.text()).not.toContain(to)
      clock.now = began
    })

    test('is not sent any more when its token is over', async () => {
      await emptied()
      const { clock, mail } = room().parts
      const { project } = room()
      const began = clock.now
      const to = 'late@example.com'
      await mail.send({ project, letter: 'reset-password', to, subject: 'u', ttlMs: 60_000 })
      clock.now = began + 60_000
      const metrics = createMetrics()
      let tried = 0
      const node = courier(
        async () => {
          tried += 1
          return SENT
        },
        { metrics },
      )
      expect(await node.round()).toBeUndefined()
      expect([tried, await counted(metrics, 'given-up')]).toEqual([0, 1])
      clock.now = began
    })

    test('that will never be sent harms no other', async () => {
      await emptied()
      const bad = await ask()
      const good = await ask()
      const sent: string[] = []
      const node = courier(async ({ to }) => {
        if (to === bad) return declined('550')
        sent.push(to)
        return SENT
      })
      while ((await node.round()) !== undefined);
      expect(sent).toEqual([good])
    })

    test('has nothing of its token in it', async () => {
      await emptied()
      const { parts, project, store } = room()
      await ask()
      const [member] = await store.list(keys.letters(project, 'mail'), { limit: 1 })
      const id = (member as string).slice(16)
      const [entry] = await store.read([keys.letter(project, id)])
      const { seed } = JSON.parse(entry?.value as string) as WaitingLetter
      if (seed === undefined) throw new Error('there is no seed')
      const token = parts.registry.oneTimeTokens.spell(project, seed) as string
      const record = await store.read([keys.oneTime(project, seed.place)])
      const stored = `${entry?.value} ${record[0]?.value}`
      expect(token).toHaveLength(64)
      // The last 27 characters hold the HMAC; before it stand the project and the place, which are no secrets.
      expect(stored).not.toContain(token.slice(-26))
    })
  })

  describe('asking', () => {
    test('more than ten times in an hour for one recipient is refused, whatever the case; another is not', async () => {
      const { parts, project } = room()
      const { clock, mail } = parts
      const began = clock.now
      const wanted = { project, letter: 'reset-password', subject: 'ada' } as const
      for (let n = 0; n < 10; n++)
        expect((await mail.ask({ ...wanted, to: 'bomb@example.com' })).state).toBe('asked')
      const eleventh = await mail.ask({ ...wanted, to: 'BOMB@example.com' })
      expect(eleventh).toMatchObject({ state: 'refused', reason: 'too-many-attempts' })
      const { retryAfterMs = 0 } = eleventh as { retryAfterMs?: number }
      expect(retryAfterMs).toBeGreaterThan(0)
      expect(retryAfterMs).toBeLessThanOrEqual(3_600_000)
      expect((await mail.ask({ ...wanted, to: 'other@example.com' })).state).toBe('asked')
      const few = room().mailWith({ perHour: 1 })
      const sms = { project, to: '+34600000001', subject: 'ada' }
      expect((await few.askSms(sms)).state).toBe('asked')
      expect(await few.askSms(sms)).toMatchObject({ reason: 'too-many-attempts' })
      clock.now = began
    })

    test('at once from everywhere goes through ten times', async () => {
      const { parts, project } = room()
      const all = await Promise.all(
        Array.from({ length: 40 }, () =>
          parts.mail.ask({ project, letter: 'verify-email', to: 'all@example.com', subject: 'x' }),
        ),
      )
      expect(all.filter(({ state }) => state === 'asked')).toHaveLength(10)
    })

    test('for what is no address or no number is refused, and nothing waits', async () => {
      await emptied()
      const { parts, project, store } = room()
      const long = (length: number) => 'a'.repeat(length)
      const wrong = [
        ...['', 'ada', '@example.com', 'ada@', 'a@b@c..d', 'ada@exa mple.com', 'a..b@example.com'],
        ...['ada@example.com\r\nBcc: eve@example.com', 'ada@example.com\n', '\0@example.com'],
        ...['Ada <ada@example.com>', 'ada@example.com, eve@example.com', '"a b"@example.com'],
        ...[
          'ada@-example.com',
          'ada@exam_ple.com',
          'ada@example..com',
          'ada@[127.0.0.1]',
          'zoë@example.com',
        ],
        ...[`${long(65)}@example.com`, `ada@${long(64)}.com`, `ada@${`${long(60)}.`.repeat(5)}com`],
      ]
      for (const to of wrong)
        expect(
          await parts.mail.send({ project, letter: 'verify-email', to, subject: 'x' }),
        ).toMatchObject({
          reason: 'bad-request',
        })
      for (const to of [
        '',
        '+',
        '1234',
        '+1234567890123456',
        '+34 600',
        '600\r\n',
        '++34600000000',
        '٣٤٦٠٠٠٠٠',
      ])
        expect(await parts.mail.sendSms({ project, to, subject: 'x' })).toMatchObject({
          reason: 'bad-request',
        })
      expect(await store.list(keys.letters(project, 'mail'), { limit: 1 })).toEqual([])
      expect(await store.list(keys.letters(project, 'sms'), { limit: 1 })).toEqual([])
    })

    test('is refused when the queue of the project is full', async () => {
      const { parts, store, project } = room()
      const index = keys.letters(project, 'sms')
      const members = Array.from({ length: LONGEST_QUEUE }, (_, n) => ({
        index,
        member: `999999999999999 ${n}`,
      }))
      await store.commit({ add: members.slice(1) })
      const wanted = { project, to: '+34600000009', subject: 'x' }
      expect((await parts.mail.askSms(wanted)).state).toBe('asked')
      await store.commit({ add: members.slice(0, 1) })
      expect(await parts.mail.askSms(wanted)).toMatchObject({ reason: 'too-many-attempts' })
      await store.commit({ drop: members })
    })
  })

  test('what cannot be read in a queue is dropped, and what waits behind it is sent', async () => {
    await emptied()
    const { store, project } = room()
    await store.commit({
      add: [{ index: keys.letters(project, 'mail'), member: '000000000000000 nobody' }],
    })
    const to = await ask()
    const sent: string[] = []
    const node = courier(async (letter) => {
      sent.push(letter.to)
      return SENT
    })
    while ((await node.round()) !== undefined);
    expect(sent).toEqual([to])
  })

  test('a long queue of one project does not hold up another', async () => {
    await emptied()
    const { parts, project } = room()
    // One that comes behind the other when all projects are looked at, in the order of their ids.
    const behind = async (): Promise<ProjectId> => {
      const made = await parts.registry.projects.create({
        ...{ name: randomUUID(), accounts: 'email', provisioning: 'pre' },
      })
      if (made === 'name-taken') throw new Error('taken')
      return made.id > project ? made.id : behind()
    }
    const other = await behind()
    for (let n = 0; n < 60; n++) await ask()
    const to = 'patient@example.com'
    const { clock } = parts
    clock.now += 1
    const asked = await parts.mail.ask({
      project: other,
      letter: 'verify-email',
      to,
      subject: to,
    })
    if (asked.state === 'refused') throw new Error(asked.reason)
    await room().store.commit(asked.change)
    clock.now -= 1
    const smtp = await startSmtp()
    await room().couriers(mailSettings(`smtp://127.0.0.1:${smtp.port}`))
    const came: string[] = []
    for (let n = 0; n < 61; n++) came.push(...(await smtp.next()).to)
    expect(came).toContain(to)
    // Rounds of eight: those that began before its project was looked at, and no more.
    expect(came.indexOf(to)).toBeLessThan(40)
    await smtp.close()
  })

  test('two nodes that send at the same time send 100 letters 100 times', async () => {
    await emptied()
    const smtp = await startSmtp()
    const settings = mailSettings(`smtp://127.0.0.1:${smtp.port}`)
    const one = await room().couriers(settings)
    const two = await room().couriers(settings, { store: await room().another() })
    const asked = await Promise.all(Array.from({ length: 100 }, () => ask()))
    const came: string[] = []
    for (let n = 0; n < 100; n++) came.push(...(await smtp.next()).to)
    await Promise.all([one.close(), two.close()])
    expect(new Set(came)).toEqual(new Set(asked))
    expect(smtp.received).toEqual([])
    const counts = await Promise.all([one, two].map(({ metrics }) => counted(metrics, 'sent')))
    expect(counts[0]! + counts[1]!).toBe(100)
    await smtp.close()
  })
})

describeWithRedis('when Redis was away', () => {
  test('what waits is sent all the same, without a restart', async () => {
    const redis = await startRedis()
    const store = await openStore({ url: redis.url, log: silentLog })
    const { mail, project, registry } = await partsOn(store)
    const smtp = await startSmtp()
    const close = await startCouriers({
      ...{ store, tokens: registry.oneTimeTokens, log: silentLog, metrics: noMetrics },
      settings: mailSettings(`smtp://127.0.0.1:${smtp.port}`),
      ...{ publicUrl: () => '', now: Date.now, random: () => 0 },
    })
    const send = (to: string) => mail.send({ project, letter: 'verify-email', to, subject: to })
    await send('before@example.com')
    expect((await smtp.next()).to).toEqual(['before@example.com'])
    await redis.kill()
    await expect(send('during@example.com')).rejects.toThrow()
    await redis.restart()
    await eventually(() =>
      send('after@example.com').then(
        () => true,
        () => false,
      ),
    )
    expect((await smtp.next()).to).toEqual(['after@example.com'])
    await close()
    await smtp.close()
    await store.close()
    await redis.stop()
  })
})
