import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'
import { type BrokerAlone, startBrokerAlone } from '../support/broker.ts'
import { ROWS, type Row } from './malformed.ts'
import { connect } from './malformed-bytes.ts'
import { type Mosquitto, mosquittoAvailable, startMosquitto } from './malformed-mosquitto.ts'
import { play } from './malformed-play.ts'
import { ROWS_5 } from './malformed-v5.ts'

let broker: BrokerAlone
let port: number
let user: string
let good: string

beforeAll(async () => {
  // The same two devices connect some hundred times.
  const limits = { ...DEFAULT_LIMITS, reconnectBurst: 0, wrongConnectsPerMinute: 0 }
  broker = await startBrokerAlone({ limits })
  port = broker.port
  user = (await broker.makeDevice()).token
  good = (await broker.makeDevice()).token
})
afterAll(() => broker.close())

const GOOD: Row = {
  name: 'a good client',
  rule: '3.1',
  bytes: (username) => connect({ username, id: 'good' }),
  expect: 'accepted',
}

const VERSIONS = [
  { name: 'MQTT 3.1.1', rows: ROWS, isV5: false },
  { name: 'MQTT 5', rows: ROWS_5, isV5: true },
]

describe.each(VERSIONS)('of $name', ({ rows, isV5 }) => {
  test.each(rows.map((row) => [row.name, row.expect, row] as const))(
    '%s: %s, and a good client connects after it',
    async (_name, expected, row) => {
      expect(await play(port, user, row, isV5)).toBe(expected)
      expect(await play(port, good, GOOD, false)).toBe('accepted')
    },
  )

  test('each row has a name of its own', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
  })
})

/** MQTT 5 leaves open whether a client is told why it is cut, and with which code. */
const isCut = (outcome: string) => /^(closed|connack|disconnect)/.test(outcome)

/** What a mosquitto does otherwise, as lines: name, ours, theirs, and why it may. */
const compare = async (mosquitto: Mosquitto, rows: readonly Row[], isV5: boolean) => {
  const report: string[] = []
  const unlisted: string[] = []
  for (const row of rows) {
    const theirs = await play(mosquitto.port, user, row, isV5)
    if (theirs === row.expect) continue
    const isSame = isV5 && isCut(theirs) && isCut(row.expect)
    const why = row.mosquitto ?? (isSame ? 'both end it' : 'not listed')
    const line = `${row.name}: ours ${row.expect}, theirs ${theirs}`
    report.push(`${line} (${why})`)
    if (why === 'not listed') unlisted.push(line)
  }
  return { report, unlisted }
}

const compareWith = (define: () => void) => {
  if (mosquittoAvailable()) describe('a mosquitto', define)
  else if (process.env.CI === 'true')
    test('a mosquitto is needed, because CI=true', () => {
      throw new Error('there is no mosquitto')
    })
  // Our own answers are held by the same table, without it.
  else describe.skip('a mosquitto (skipped: there is none)', define)
}

compareWith(() => {
  let mosquitto: Mosquitto
  beforeAll(async () => {
    mosquitto = await startMosquitto()
  })
  afterAll(() => mosquitto.stop())

  test.each(VERSIONS)(
    'does the same with $name, but for what is listed',
    async ({ name, rows, isV5 }) => {
      const { report, unlisted } = await compare(mosquitto, rows, isV5)
      process.stdout.write(`${name}, ${rows.length} inputs, differences:\n${report.join('\n')}\n`)
      expect(unlisted).toEqual([])
    },
    120_000,
  )
})
