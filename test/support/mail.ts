import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe } from '@jest/globals'
import type { Digests } from '../../shared/guard/digests.ts'
import { type Log, silentLog } from '../../shared/log.ts'
import { startCouriers } from '../../shared/mail/couriers.ts'
import { createMail, type MailOptions } from '../../shared/mail/mail.ts'
import { type MailSettings, readMailSettings } from '../../shared/mail/settings.ts'
import { createMetrics, type Metrics } from '../../shared/metrics.ts'
import type { ProjectId } from '../../shared/model/ids.ts'
import { createOneTimeTokens } from '../../shared/registry/one-time-tokens.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from './parts.ts'
import { describeWithRedis, type RedisServer, startRedis } from './redis-server.ts'

/** Everything that a log was told, as text. */
export const listeningLog = () => {
  const lines: string[] = []
  const say = (fields: object, message: string) => {
    const { err } = fields as { err?: Error }
    lines.push(JSON.stringify({ ...fields, message, err: err?.stack }))
  }
  const log: Log = { debug: say, info: say, warn: say, error: say }
  return { log, text: () => lines.join('\n') }
}

/** Settings as an operator writes them. Throws for a wrong one. */
export const mailSettings = (mail: string, sms = 'file:/nowhere', from?: string): MailSettings => {
  const faults: string[] = []
  const settings = readMailSettings({ mail, sms, from, perHour: undefined }, faults)
  if (faults.length > 0) throw new Error(faults.join('\n'))
  return settings
}

/** One count of the metrics. */
export const counted = async (metrics: Metrics, outcome: string, way = 'mail'): Promise<number> => {
  const { text } = await metrics.read()
  const line = `latchkey_messages_total{way="${way}",outcome="${outcome}"} `
  return Number(
    text
      .split('\n')
      .find((one) => one.startsWith(line))
      ?.slice(line.length) ?? 0,
  )
}

/** Asks until it is so. For what has no event of its own: a count of the metrics. */
export const eventually = async (isSo: () => Promise<boolean> | boolean): Promise<void> => {
  const until = Date.now() + 15_000
  while (!(await isSo())) {
    if (Date.now() > until) throw new Error('it never came to be so')
    await sleep(20)
  }
}

export type MailRoom = {
  readonly store: Store
  readonly parts: Parts
  readonly project: ProjectId
  /** A folder of this room. */
  readonly folder: string
  /** On Redis, another node's connection to the same data; else the same store. */
  readonly another: () => Promise<Store>
  readonly mailWith: (options: Partial<MailOptions>) => ReturnType<typeof createMail>
  readonly tokensWith: (digests: Digests) => ReturnType<typeof createOneTimeTokens>
  /** Starts to send; ends after the test. */
  readonly couriers: (settings: MailSettings, more?: CourierParts) => Promise<Couriers>
}

type CourierParts = { readonly store?: Store; readonly log?: Log; readonly publicUrl?: string }
type Couriers = { readonly metrics: Metrics; readonly close: () => Promise<void> }

const suiteOn = (open: () => Promise<Store>, suite: (room: () => MailRoom) => void) => {
  const ends: (() => Promise<unknown>)[] = []
  const stores: Store[] = []
  let room: MailRoom
  const opened = async () => {
    const store = await open()
    if (!stores.includes(store)) stores.push(store)
    return store
  }
  beforeAll(async () => {
    const store = await opened()
    const parts = await partsOn(store)
    const { now, project } = parts
    const tokens = parts.registry.oneTimeTokens
    const common = { store, now, newId: () => crypto.randomUUID() }
    room = {
      store,
      parts,
      project,
      folder: mkdtempSync(join(tmpdir(), 'latchkey-mail-')),
      another: opened,
      mailWith: (options) => createMail({ ...common, tokens, ...options }),
      tokensWith: (digests) => createOneTimeTokens({ ...common, digests, random: () => 0 }),
      couriers: async (settings, more = {}) => {
        const metrics = createMetrics()
        const close = await startCouriers({
          ...{ store, tokens, settings, metrics, now: Date.now, random: () => 0 },
          publicUrl: () => more.publicUrl ?? 'https://latch.example',
          log: more.log ?? silentLog,
          ...(more.store === undefined ? {} : { store: more.store }),
        })
        ends.push(close)
        return { metrics, close }
      },
    }
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
    rmSync(room.folder, { recursive: true, force: true })
  })
  suite(() => room)
}

/** Runs a suite about mail on the embedded store, and again on a real Redis. */
export const withMailRooms = (suite: (room: () => MailRoom) => void): void => {
  describe('on the embedded store', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-mail-store-'))
    let store: Promise<Store> | undefined
    suiteOn(() => {
      store ??= openStore({ url: `embedded:${folder}`, log: silentLog })
      return store
    }, suite)
    afterAll(() => rmSync(folder, { recursive: true, force: true }))
  })
  describeWithRedis('on Redis', () => {
    let redis: RedisServer
    beforeAll(async () => {
      redis = await startRedis()
    })
    suiteOn(() => openStore({ url: redis.url, log: silentLog }), suite)
    afterAll(() => redis.stop())
  })
}
