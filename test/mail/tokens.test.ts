import { randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createDigests } from '../../shared/guard/digests.ts'
import type { WantedToken } from '../../shared/registry/one-time-tokens.ts'
import { keys } from '../../shared/store/keys.ts'
import { joined, put } from '../../shared/store/transact.ts'
import { withMailRooms } from '../support/mail.ts'

const OLD = new Uint8Array(32).fill(7)
const NEW = new Uint8Array(32).fill(9)

withMailRooms((room) => {
  const tokens = () => room().parts.registry.oneTimeTokens

  /** A committed token, as its letter would carry it. */
  const issued = async (wanted: Partial<WantedToken> = {}) => {
    const subject = wanted.subject ?? randomUUID()
    const { project, store } = room()
    const made = tokens().issue({ project, purpose: 'reset-password', subject, ...wanted })
    await store.commit(made.change)
    return { subject, token: tokens().spell(project, made.seed) as string, ...made }
  }

  describe('a token', () => {
    test('is 64 base64url characters, unlike any other, and says whom it is for, once', async () => {
      const { token, subject } = await issued()
      expect(token).toMatch(/^[A-Za-z0-9_-]{64}$/)
      expect((await issued({ subject: `${subject} too` })).token).not.toBe(token)
      expect(await tokens().redeem('reset-password', token)).toMatchObject({
        state: 'held',
        project: room().project,
        subject,
      })
      expect(await tokens().redeem('reset-password', token)).toMatchObject({
        reason: 'token-unknown',
      })
    })

    test('is nothing before its commit', async () => {
      const { project } = room()
      const { seed } = tokens().issue({ project, purpose: 'transfer', subject: 'never committed' })
      const token = tokens().spell(project, seed) as string
      expect(await tokens().look('transfer', token)).toMatchObject({ reason: 'token-unknown' })
    })

    test('of 50 who redeem it at once exactly one holds it', async () => {
      const { token } = await issued()
      const all = await Promise.all(
        Array.from({ length: 50 }, () => tokens().redeem('reset-password', token)),
      )
      expect(all.filter(({ state }) => state === 'held')).toHaveLength(1)
    })

    test('is good for its own purpose alone', async () => {
      const { token } = await issued({ purpose: 'verify-email' })
      expect(await tokens().redeem('reset-password', token)).toMatchObject({
        reason: 'token-unknown',
      })
      expect(await tokens().redeem('verify-email', token)).toMatchObject({ state: 'held' })
    })

    test('is dead when a newer one for the same is there; that of another lives', async () => {
      const subject = randomUUID()
      const older = await issued({ subject })
      const other = await issued()
      const newer = await issued({ subject })
      expect(await tokens().redeem('reset-password', older.token)).toMatchObject({
        reason: 'token-unknown',
      })
      expect(await tokens().redeem('reset-password', newer.token)).toMatchObject({ state: 'held' })
      expect(await tokens().redeem('reset-password', other.token)).toMatchObject({ state: 'held' })
    })

    test('ends with its time, and says so to who has it', async () => {
      const { clock } = room().parts
      const { token, expiresAt } = await issued({ ttlMs: 60_000 })
      const began = clock.now
      expect(expiresAt).toBe(began + 60_000)
      clock.now = expiresAt
      expect(await tokens().redeem('reset-password', token)).toMatchObject({
        reason: 'token-expired',
      })
      clock.now = began
    })

    test('that is cut, guessed or no text of ours is unknown', async () => {
      const { token } = await issued()
      const flipped = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      const elsewhere = `${'A'.repeat(22)}${token.slice(22)}`
      for (const wrong of [
        flipped,
        elsewhere,
        token.slice(1),
        `${token}A`,
        '',
        '\0',
        '💥'.repeat(32),
      ])
        expect(await tokens().redeem('reset-password', wrong)).toMatchObject({
          reason: 'token-unknown',
        })
      expect(await tokens().redeem('reset-password', token)).toMatchObject({ state: 'held' })
    })

    test('is used up by the commit of what it is for, or not at all', async () => {
      const { store, project } = room()
      const { token } = await issued()
      const [first, second] = [
        await tokens().look('reset-password', token),
        await tokens().look('reset-password', token),
      ]
      if (first?.state !== 'held' || second?.state !== 'held') throw new Error('not held')
      const record = keys.idempotency(project, `for ${token.slice(0, 8)}`)
      expect(await store.commit(joined(first.used, { put: [put(record, 'first')] }))).toBe(true)
      expect(await store.commit(joined(second.used, { put: [put(record, 'second')] }))).toBe(false)
      expect((await store.read([record]))[0]?.value).toBe('"first"')
    })

    test('of the old instance key works until it ends, also when that key is retired', async () => {
      const { project } = room()
      const { token, seed } = await issued()
      const rotated = room().tokensWith(createDigests(OLD, [NEW, OLD]))
      expect(rotated.spell(project, seed)).toBe(token)
      const fresh = rotated.issue({ project, purpose: 'transfer', subject: 'x' })
      expect(fresh.seed.kid).not.toBe(seed.kid)
      const retired = room().tokensWith(createDigests(OLD, [NEW]))
      expect(retired.spell(project, seed)).toBeUndefined()
      expect(await retired.redeem('reset-password', token)).toMatchObject({ state: 'held' })
    })
  })

  describe('a code', () => {
    const code = (subject: string) => issued({ purpose: 'sms-code', subject })
    const redeem = (subject: string, text: string) =>
      tokens().redeemCode(room().project, subject, text)
    const others = (right: string) =>
      Array.from({ length: 10 }, (_, n) =>
        String((Number(right) + n + 1) % 1_000_000).padStart(6, '0'),
      )

    test('is six digits, good once for its subject alone', async () => {
      const subject = randomUUID()
      const { token } = await code(subject)
      expect(token).toMatch(/^\d{6}$/)
      expect(await redeem(randomUUID(), token)).toMatchObject({ reason: 'code-unknown' })
      expect(await redeem(subject, token)).toMatchObject({ state: 'held', subject })
      expect(await redeem(subject, token)).toMatchObject({ reason: 'code-unknown' })
    })

    test('is right at the fifth try, dead after it, and a new one starts anew', async () => {
      const subject = randomUUID()
      const first = await code(subject)
      for (const wrong of others(first.token).slice(0, 4))
        expect(await redeem(subject, wrong)).toMatchObject({ reason: 'code-unknown' })
      expect(await redeem(subject, first.token)).toMatchObject({ state: 'held' })
      const second = await code(subject)
      const tries = await Promise.all(others(second.token).map((wrong) => redeem(subject, wrong)))
      expect(
        tries.filter((one) => one.state === 'refused' && one.reason === 'code-unknown'),
      ).toHaveLength(5)
      expect(await redeem(subject, second.token)).toMatchObject({ reason: 'too-many-attempts' })
      const third = await code(subject)
      expect(await redeem(subject, third.token)).toMatchObject({ state: 'held' })
    })

    test('that is none costs no try', async () => {
      const subject = randomUUID()
      const { token } = await code(subject)
      for (const wrong of ['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', `${token}\n`, ' 12345'])
        expect(await redeem(subject, wrong)).toMatchObject({ reason: 'code-unknown' })
      expect(await redeem(subject, token)).toMatchObject({ state: 'held' })
    })
  })
})
