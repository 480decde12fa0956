import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { StoreDown } from '../../shared/errors.ts'
import { silentLog } from '../../shared/log.ts'
import { createMetrics } from '../../shared/metrics.ts'
import { observeStore } from '../../shared/store/observed.ts'
import { openStore } from '../../shared/store/open.ts'
import { api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import { eventually } from '../support/mail.ts'
import { folder } from '../support/process.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

type Family = { type: string; labels: Set<string>; samples: Map<string, number> }

const LABELS = /^\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\}$/
const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{.*\})? ([+-]?(?:Inf|NaN|[\d.]+(?:e[+-]?\d+)?))$/i

/** Prometheus text format 0.0.4: every line has to be one of its lines, and every sample belongs to a family. */
const familiesIn = (text: string): Map<string, Family> => {
  const families = new Map<string, Family>()
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const [, named, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? []
    if (named !== undefined && type !== undefined) {
      expect(families.has(named)).toBe(false)
      families.set(named, { type, labels: new Set(), samples: new Map() })
      continue
    }
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? []
    expect([line, value === undefined]).toEqual([line, false])
    expect([line, labels === '' || LABELS.test(labels)]).toEqual([line, true])
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
    if (family === undefined) throw new Error(`a sample of no family: ${line}`)
    expect([line, family.samples.has(name + labels)]).toEqual([line, false])
    family.samples.set(name + labels, Number(value))
    for (const [, label] of labels.matchAll(/(\w+)="/g))
      if (label !== undefined && label !== 'le') family.labels.add(label)
  }
  return families
}

/** The table of metrics in docs/operations.md. */
const documented = () =>
  new Map(
    [...read('docs/operations.md').matchAll(/^\| `(latchkey_\w+)` \| (\w+) \|([^|]*)\|/gm)].map(
      ([, name = '', type = '', labels = '']) => [
        name,
        { type, labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)) },
      ],
    ),
  )

let server: TestServer
let families: Map<string, Family>
beforeAll(async () => {
  server = await startServer()
  const maker = await signIn(server.httpUrl)
  const ada = await customer(server.httpUrl)
  const lamp = await makeDevice(maker)
  const device = await connectDevice(server.mqttUrl, lamp.token, ['latchkey/v1/owner'])
  await device.publish('latchkey/v1/claim', { secret: 'SEKRET' })
  await device.publish(`v2/things/${lamp.token}`, { values: [{ key: 'lux', value: 1 }] })
  await ada.post('/latchkey/v1/claims', { device: lamp.id, secret: 'wrong' })
  await ada.post('/latchkey/v1/claims', { device: lamp.id, secret: 'SEKRET' })
  await ada.get(`/latchkey/v1/devices/${lamp.id}`)
  await ada.get('/latchkey/v1/nothing/SEKRET')
  await ada.get('/latchkey/v1/events?waitMs=1')
  await eventually(async () => {
    families = familiesIn((await api(server.httpUrl).get('/metrics')).text)
    const notices = families.get('latchkey_notice_delay_seconds')?.samples
    return notices?.get('latchkey_notice_delay_seconds_count') === 1
  })
  expect((await api(server.httpUrl).get('/metrics')).text).not.toContain('SEKRET')
  expect((await api(server.httpUrl).get('/metrics')).text).not.toContain(lamp.token)
  await device.end()
})
afterAll(() => server.close())

test('the numbers are those of the table in the documents, with their types and labels', () => {
  const ours = [...families].filter(([name]) => name.startsWith('latchkey_'))
  const table = documented()
  expect(ours.map(([name]) => name).toSorted()).toEqual([...table.keys()].toSorted())
  for (const [name, { type, labels }] of ours) {
    expect([name, type]).toEqual([name, table.get(name)?.type])
    for (const label of labels)
      expect([name, label, table.get(name)?.labels.has(label)]).toEqual([name, label, true])
  }
})

test('a claim is counted and timed on its way through', () => {
  const sample = (family: string, rest: string) =>
    families.get(family)?.samples.get(`${family}${rest}`)
  expect(
    sample('latchkey_claims_total', '{verb="redeem",state="refused",reason="wrong-secret"}'),
  ).toBe(1)
  expect(sample('latchkey_claim_duration_seconds', '_count{verb="offer"}')).toBe(1)
  expect(sample('latchkey_claim_duration_seconds', '_count{verb="redeem"}')).toBe(2)
  const http = 'latchkey_http_request_duration_seconds'
  const claims = 'method="POST",route="/latchkey/v1/claims"'
  expect(sample(http, `_count{${claims},status="2xx"}`)).toBe(1)
  expect(sample(http, `_count{${claims},status="4xx"}`)).toBe(1)
  expect(sample(http, '_count{method="other",route="none",status="4xx"}')).toBe(1)
  // What waits on purpose is not timed.
  expect(JSON.stringify([...(families.get(http)?.samples.keys() ?? [])])).not.toContain('v1/events')
  const mqtt = 'latchkey_mqtt_publish_duration_seconds'
  expect(sample(mqtt, '_count{topic="latchkey/v1/claim"}')).toBe(1)
  expect(sample(mqtt, '_count{topic="thethings, credential in the topic"}')).toBe(1)
  expect(sample('latchkey_connections', '')).toBe(1)
  expect(sample('latchkey_store_up', '')).toBe(1)
  expect(sample('latchkey_notice_delay_seconds', '_count')).toBe(1)
})

test('a histogram grows with its buckets, up to its count', () => {
  for (const [name, { type, samples }] of families) {
    if (type !== 'histogram') continue
    const series = new Map<string, number[]>()
    for (const [sample, value] of samples) {
      if (!sample.startsWith(`${name}_bucket`)) continue
      const others = sample.replace(/le="[^"]*",?/, '')
      series.set(others, [...(series.get(others) ?? []), value])
    }
    for (const values of series.values()) expect(values).toEqual(values.toSorted((a, b) => a - b))
  }
})

test('a store that fails is down until it answers again, and a lost race is a conflict', async () => {
  const { path, drop } = folder()
  const store = await openStore({ url: `embedded:${path}/store`, log: silentLog })
  try {
    const metrics = createMetrics()
    let isDown = false
    const watched = observeStore(
      {
        ...store,
        read: async (keys) => {
          if (isDown) throw new StoreDown('gone')
          return store.read(keys)
        },
        commit: (change) => store.commit(change),
      },
      { metrics },
    )
    const key = '{p}k' as Parameters<typeof store.read>[0][0]
    const now = async (name: string) =>
      familiesIn((await metrics.read()).text)
        .get(name.replace(/\{.*/, ''))
        ?.samples.get(name)
    await watched.read([key])
    expect(await now('latchkey_store_up')).toBe(1)
    isDown = true
    await expect(watched.read([key])).rejects.toThrow(StoreDown)
    expect(await now('latchkey_store_up')).toBe(0)
    expect(await now('latchkey_store_failures_total{call="read"}')).toBe(1)
    isDown = false
    await watched.read([key])
    expect(await now('latchkey_store_up')).toBe(1)
    const lost = { expect: [{ key, version: 'never' }], put: [{ key, value: '1' }] }
    expect(await watched.commit(lost)).toBe(false)
    expect(await now('latchkey_store_conflicts_total')).toBe(1)
  } finally {
    await store.close()
    drop()
  }
})

describe('what an operator imports', () => {
  /** Names in a query that could be metrics: not a function, a label, a keyword or a variable. */
  const metricsIn = (query: string): string[] => {
    const bare = query
      .replace(/\{[^}]*\}/g, '')
      .replace(/\[[^\]]*\]/g, '')
      .replace(/\b(by|without)\s*\([^)]*\)/g, '')
    return [...bare.matchAll(/[a-zA-Z_][\w:]*(?!\w*\s*\()/g)]
      .map(([name]) => name)
      .filter((name) => name.includes('_') && !/^histogram_quantile|^label_values/.test(name))
  }
  const known = (name: string) => {
    const family = families.get(name.replace(/_(bucket|sum|count)$/, ''))
    return families.has(name) || family?.type === 'histogram'
  }

  const labelsIn = (query: string): [string, string][] =>
    [...query.matchAll(/([a-z]\w*)\{([^}]*)\}/g)].flatMap(([, metric = '', inner = '']) =>
      [...inner.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label = '']): [string, string] => [
        metric.replace(/_(bucket|sum|count)$/, ''),
        label,
      ]),
    )

  const expectKnown = (query: string) => {
    const used = metricsIn(query)
    expect([query, used.length > 0]).toEqual([query, true])
    for (const name of used) expect([query, name, known(name)]).toEqual([query, name, true])
    for (const [metric, label] of labelsIn(query)) {
      const own = documented().get(metric)?.labels.has(label)
      expect([query, label, own || ['job', 'instance'].includes(label)]).toEqual([
        query,
        label,
        true,
      ])
    }
  }

  test('every query of the dashboard names a number that there is', () => {
    const dashboard = JSON.parse(read('deploy/grafana/latchkey.json'))
    type Panel = { id: number; type: string; title: string; targets?: { expr: string }[] }
    const panels = dashboard.panels as Panel[]
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    for (const query of queries) expectKnown(query)
    const shown = new Set(queries.flatMap(metricsIn).map((n) => n.replace(/_(bucket|count)$/, '')))
    const ours = [...families.keys()].filter((name) => name.startsWith('latchkey_'))
    expect(ours.filter((name) => !shown.has(name))).toEqual([])
  })

  test('every alert names a number that there is, and says what to do', () => {
    const { groups } = parse(read('deploy/prometheus/alerts.yml'))
    const rules = groups.flatMap(({ rules: all }: { rules: object[] }) => all)
    expect(rules.length).toBeGreaterThan(5)
    for (const { alert, expr, labels, annotations } of rules) {
      expect(alert).toMatch(/^Latchkey\w+$/)
      expectKnown(expr)
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(annotations.summary.length).toBeGreaterThan(10)
      expect(annotations.description.length).toBeGreaterThan(10)
      expect(read('docs/operations.md')).toContain(`\`${alert}\``)
    }
  })
})
