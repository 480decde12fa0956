import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, claim, command, type Device, read, release } from './app.ts'
import type { Speaker } from './device.ts'
import type { Random } from './random.ts'

/** A device in play: who speaks for it, and who may own it, as far as is known. */
export type Player = {
  readonly device: Device
  readonly speaker: Speaker
  /** `undefined`: nobody; `unsure`: somebody, perhaps. */
  owner: App | 'unsure' | undefined
}

/** What the clients of a campaign have done so far. */
export type Progress = { claims: number; acknowledged: number }

/** Everybody who plays. */
export type Crowd = { readonly apps: readonly App[]; readonly maker: App }

const MOST_RELEASES = 10
/** Fewer than an account may guess in ten minutes, also while others guess: operations.md, "wrong claims". */
const WRONG_TRIES = 3

const newSecret = () => randomBytes(16).toString('base64url')

/** Frees a device, by its owner or by the maker. False: it could not be. */
const free = async ({ maker }: Crowd, player: Player, random: Random): Promise<boolean> => {
  const { owner, device } = player
  const by = owner !== undefined && owner !== 'unsure' && random.happens(0.6) ? owner : maker
  for (let tries = 0; tries < MOST_RELEASES; tries++) {
    // An owner may be told that it is not his, because a try of his was done without an answer.
    const { result } = await release(tries === 0 ? by : maker, device)
    if (result.kind === 'ok') return true
    if (result.kind === 'unknown') await sleep(Math.min(1000, 100 * 2 ** tries) * random.next())
  }
  return false
}

const wrongTriesOf = new WeakMap<App, number>()

const mayGuess = (app: App): boolean => {
  const tries = wrongTriesOf.get(app) ?? 0
  wrongTriesOf.set(app, tries + 1)
  return tries < WRONG_TRIES
}

/** Two claims of one device at once, or one, and now and then a wrong one beside. */
const claimAtOnce = async (crowd: Crowd, device: Device, secret: string, random: Random) => {
  const first = random.pick(crowd.apps)
  const second = random.pick(crowd.apps)
  const claims = [claim(first, device, secret)]
  if (second !== first && random.happens(0.4)) claims.push(claim(second, device, secret))
  const third = random.pick(crowd.apps)
  if (third !== first && third !== second && random.happens(0.03) && mayGuess(third))
    claims.push(claim(third, device, newSecret()))
  const apps = [first, second, third]
  const done = await Promise.all(claims)
  return done.map((one) => ({ one, app: apps.find(({ home }) => home === one.by) as App }))
}

/**
 * One turn of a device: it is freed, it leaves a half, somebody claims it (often two at once), and some ask whose it is.
 * `mayClaim` is asked before each turn's claims how many may be made.
 */
export const takeTurn = async (
  crowd: Crowd,
  player: Player,
  progress: Progress,
  random: Random,
): Promise<void> => {
  const { device, speaker } = player
  if (player.owner !== undefined && !(await free(crowd, player, random))) return
  player.owner = undefined
  const secret = newSecret()
  if (!(await speaker.offer(device, secret))) {
    player.owner = 'unsure'
    return
  }
  const claims = await claimAtOnce(crowd, device, secret, random)
  progress.claims += claims.length
  const winner = claims.find(({ one }) => one.result.kind === 'ok')
  if (winner !== undefined) progress.acknowledged += 1
  const isUnsure = claims.some(({ one }) => one.result.kind === 'unknown')
  player.owner = winner?.app ?? (isUnsure ? 'unsure' : undefined)
  if (random.happens(0.4)) await read(crowd.maker, device)
  if (random.happens(0.2)) await read(random.pick(crowd.apps), device)
  if (winner !== undefined && random.happens(0.15)) await command(winner.app, device)
  if (random.happens(0.1)) await command(random.pick(crowd.apps), device)
}
