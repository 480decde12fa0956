import { describe, expect, test } from '@jest/globals'
import { openWindow, redeem, release } from '../../shared/claim/rules.ts'
import type {
  ClaimId,
  DeviceId,
  Digest,
  HomeId,
  OfferId,
  ProjectId,
  UserId,
} from '../../shared/model/ids.ts'
import { policyInForce } from '../../shared/model/policy.ts'
import type { Device } from '../../shared/model/records.ts'

const NOW = 1_000_000
const HOME = 'home' as HomeId
const OTHER = 'other' as HomeId
const SECRET = 'digest of the secret' as Digest
const WRONG = 'digest of another' as Digest

const device = (more: Partial<Device> = {}): Device => ({
  id: 'device' as DeviceId,
  project: 'project' as ProjectId,
  number: 1,
  name: 'lamp',
  thingId: 'thing',
  gateway: false,
  credential: 0,
  credentialDigest: 'x',
  epoch: 0,
  createdAt: 0,
  ...more,
})

const openToAll = (expiresAt: number) => ({
  id: 'offer' as OfferId,
  openedAt: 0,
  expiresAt,
  via: 'latchkey',
})
const window = (expiresAt: number, secret: Digest = SECRET) => ({
  ...openToAll(expiresAt),
  secret,
})

const proof = (secret: Digest | undefined, home = HOME) => ({
  claim: 'claim' as ClaimId,
  user: 'user' as UserId,
  home,
  secret,
})

const held = () => ({
  claim: 'first' as ClaimId,
  user: 'user' as UserId,
  secret: SECRET,
  at: 0,
})

describe('redeeming', () => {
  test('a window of a clock that was more than 30 s ahead of this one is over', () => {
    const ahead = (ms: number) =>
      device({ window: { ...window(NOW + 60_000), openedAt: NOW + ms } })
    const { outcome } = redeem(ahead(30_000), proof(SECRET), NOW)
    expect(outcome.state).toBe('claimed')
    expect(redeem(ahead(30_001), proof(SECRET), NOW).outcome).toMatchObject({
      state: 'refused',
      reason: 'window-expired',
    })
  })

  const later = NOW + 1
  const cases = [
    ['nothing was offered', device(), SECRET, 'no-window', false],
    [
      'the secret is right but its time is over',
      device({ window: window(NOW) }),
      SECRET,
      'window-expired',
      true,
    ],
    ['secret and time are wrong', device({ window: window(NOW) }), WRONG, 'window-expired', false],
    ['the secret is wrong', device({ window: window(later) }), WRONG, 'wrong-secret', false],
    [
      'no secret is given where one is needed',
      device({ window: window(later) }),
      undefined,
      'secret-required',
      false,
    ],
    [
      'a secret is given where none was set',
      device({ window: openToAll(later) }),
      SECRET,
      'wrong-secret',
      false,
    ],
    [
      'the maker forbids it',
      device({ window: window(later), claimingAllowed: false }),
      SECRET,
      'claiming-not-allowed',
      true,
    ],
    ['somebody else owns it', device({ owner: OTHER, epoch: 1 }), WRONG, 'owned-by-another', false],
    [
      'somebody else was quicker with the same secret',
      device({ owner: OTHER, epoch: 1, held: held() }),
      SECRET,
      'owned-by-another',
      true,
    ],
    [
      'the key in the box of an owned device is right',
      device({ owner: OTHER, epoch: 1, boxKey: { secret: SECRET, expiresAt: later } }),
      SECRET,
      'owned-by-another',
      true,
    ],
    [
      'it is the own device and another secret',
      device({ owner: HOME, epoch: 1, held: held() }),
      WRONG,
      'already-yours',
      true,
    ],
  ] as const

  test.each(cases)('is refused when %s', (_, present, secret, reason, entitled) => {
    const { outcome, device: after } = redeem(present, proof(secret), NOW)
    expect(outcome).toEqual({ state: 'refused', reason, entitled })
    expect(after).toBeUndefined()
  })

  test.each([
    ['a window', device({ window: window(later) }), SECRET],
    ['a window without a secret', device({ window: openToAll(later) }), undefined],
    ['the key in the box', device({ boxKey: { secret: SECRET, expiresAt: later } }), SECRET],
    [
      'the key in the box beside a window',
      device({ window: window(later, WRONG), boxKey: { secret: SECRET, expiresAt: later } }),
      SECRET,
    ],
  ] as const)('%s makes the claimer the owner and is used up', (_, present, secret) => {
    const { outcome, device: after, before } = redeem(present, proof(secret), NOW)
    expect(outcome).toMatchObject({
      state: 'claimed',
      claim: 'claim',
      epoch: 1,
      home: HOME,
      fresh: true,
    })
    expect(after).toMatchObject({ owner: HOME, epoch: 1 })
    expect(after).not.toHaveProperty('window')
    expect(after).not.toHaveProperty('boxKey')
    expect(before).toBe(later)
  })

  test('a window is good one millisecond before its end and not at its end', () => {
    const present = device({ window: window(NOW) })
    expect(redeem(present, proof(SECRET), NOW - 1).outcome.state).toBe('claimed')
    expect(redeem(present, proof(SECRET), NOW).outcome.state).toBe('refused')
  })

  test('the same claim again answers the same and changes nothing', () => {
    const present = device({ owner: HOME, epoch: 4, held: held() })
    const { outcome, device: after } = redeem(present, proof(SECRET), NOW)
    expect(outcome).toMatchObject({ state: 'claimed', claim: 'first', epoch: 4, fresh: false })
    expect(after).toBeUndefined()
  })
})

describe('opening a window', () => {
  const strict = { defaultMs: 300_000, secretOptional: false, outside: 'refuse' } as const
  const lenient = { defaultMs: 86_400_000, secretOptional: true, outside: 'cap' } as const
  const policy = policyInForce({})
  const offer = (
    durationMs: number | undefined,
    rule: typeof strict | typeof lenient = strict,
    secret: Digest | undefined = SECRET,
  ) => ({
    id: 'new' as OfferId,
    secret,
    durationMs,
    rule,
    via: 'latchkey',
  })

  test.each([
    ['its own duration', 60_000, strict, 60_000],
    ['the shortest', 1000, strict, 1000],
    ['the longest that the policy allows', 86_400_000, strict, 86_400_000],
    ['the default of the dialect', undefined, strict, 300_000],
    ['a capped duration where the dialect caps', 10 ** 15, lenient, 86_400_000],
    ['one millisecond where the dialect has no least', 1, lenient, 1],
  ] as const)('lasts %s', (_, durationMs, rule, lasts) => {
    const { outcome, device: after } = openWindow(device(), policy, offer(durationMs, rule), NOW)
    expect(outcome).toEqual({ state: 'open', offer: 'new', expiresAt: NOW + lasts })
    expect(after?.window).toMatchObject({ id: 'new', secret: SECRET, openedAt: NOW })
  })

  test.each([
    ['it is too short', device(), offer(999), 'bad-request'],
    ['it is too long', device(), offer(86_400_001), 'bad-request'],
    [
      'the device is owned',
      device({ owner: HOME, epoch: 1 }),
      offer(undefined),
      'owned-by-another',
    ],
    [
      'the maker forbids it',
      device({ claimingAllowed: false }),
      offer(undefined),
      'claiming-not-allowed',
    ],
    [
      'it has no secret and the policy wants one',
      device(),
      { ...offer(undefined), secret: undefined },
      'secret-required',
    ],
  ] as const)('is refused when %s', (_, present, wanted, reason) => {
    const { outcome, device: after } = openWindow(present, policy, wanted, NOW)
    expect(outcome).toMatchObject({ state: 'refused', reason })
    expect(after).toBeUndefined()
  })

  test('the newest window replaces the older', () => {
    const present = device({ window: window(NOW + 10 ** 6, WRONG) })
    const { device: after } = openWindow(present, policy, offer(5000), NOW)
    expect(after?.window).toMatchObject({ id: 'new', secret: SECRET, expiresAt: NOW + 5000 })
  })

  test('a maker who allows nothing by default can allow one device', () => {
    const closed = policyInForce({ claimingAllowedByDefault: false })
    expect(openWindow(device(), closed, offer(5000), NOW).outcome).toMatchObject({
      reason: 'claiming-not-allowed',
    })
    expect(
      openWindow(device({ claimingAllowed: true }), closed, offer(5000), NOW).outcome.state,
    ).toBe('open')
  })
})

describe('releasing', () => {
  test('ends the ownership and raises the epoch', () => {
    const { outcome, device: after } = release(
      device({ owner: HOME, epoch: 3, held: held() }),
      policyInForce({}),
    )
    expect(outcome).toEqual({ state: 'released', device: 'device', epoch: 4, former: HOME })
    expect(after).toMatchObject({ epoch: 4 })
    expect(after).not.toHaveProperty('owner')
    expect(after).not.toHaveProperty('held')
  })

  test('what nobody owns stays as it is', () => {
    const { outcome, device: after } = release(device({ epoch: 3 }), policyInForce({}))
    expect(outcome).toEqual({ state: 'released', device: 'device', epoch: 3 })
    expect(after).toBeUndefined()
  })

  test('arms the device again where claiming has to be allowed one by one', () => {
    const closed = policyInForce({ claimingAllowedByDefault: false })
    expect(release(device({ owner: HOME, epoch: 1 }), closed).device).toMatchObject({
      claimingAllowed: true,
    })
  })
})
