import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { type Api, customer, makeDevice, signIn } from '../support/api.ts'
import { connectDevice } from '../support/device.ts'
import type { TestServer } from '../support/server.ts'
import { onEachStore } from '../support/stores.ts'

const V1 = '/latchkey/v1'

let server: TestServer
let maker: Api
let projects = 0

type Counts = {
  at: string
  opened: number
  redeemed: number
  claimed: number
  refused: Record<string, number>
  released: number
}

/** What an hour or a week sums up to. */
const sums = async (project: string, per: string) => {
  const { body } = await maker.get(`${V1}/statistics?project=${project}&per=${per}`)
  const items: Counts[] = body.items
  const total = (of: (one: Counts) => number) => items.reduce((sum, one) => sum + of(one), 0)
  const refused: Record<string, number> = {}
  for (const one of items)
    for (const [reason, count] of Object.entries(one.refused))
      refused[reason] = (refused[reason] ?? 0) + count
  return {
    connected: body.connected,
    opened: total(({ opened }) => opened),
    redeemed: total(({ redeemed }) => redeemed),
    claimed: total(({ claimed }) => claimed),
    released: total(({ released }) => released),
    refused,
  }
}

/** Looks until it is so: what was counted is written once a second, and connections are counted every two. */
const become = async (look: () => Promise<unknown>, wanted: unknown): Promise<void> => {
  for (let looks = 0; looks < 100; looks++) {
    if (JSON.stringify(await look()) === JSON.stringify(wanted)) return
    await sleep(100)
  }
  expect(await look()).toEqual(wanted)
}

const newProject = async (): Promise<string> => {
  projects += 1
  const name = `counted-${projects}`
  await maker.post(`${V1}/projects`, { name, accounts: 'email', provisioning: 'pre' })
  return name
}

onEachStore(
  async (ready) => {
    server = ready
    maker = await signIn(server.httpUrl)
  },
  () => {
    test('what happens in claiming is counted, each thing once, by the minute and by the hour', async () => {
      const project = await newProject()
      const ada = await customerOf(project)
      const lamp = await makeDevice(maker, { project })
      const device = await connectDevice(server.mqttUrl, lamp.token, ['latchkey/v1/claim/result'])
      await device.publish('latchkey/v1/claim', { secret: 'right', durationMs: 60_000 })
      await device.next('latchkey/v1/claim/result')
      for (const secret of ['wrong', 'worse', 'right', 'right'])
        await ada.post(`${V1}/claims`, { device: lamp.name, secret })
      await ada.delete(`${V1}/devices/${lamp.id}/owner`)
      await ada.delete(`${V1}/devices/${lamp.id}/owner`)
      await ada.post(`${V1}/claims`, { linkId: 'nobody comes' })
      const wanted = {
        connected: 1,
        // The window, and the link id.
        opened: 2,
        // Two wrong ones and a right one; its repeat changes nothing.
        redeemed: 3,
        claimed: 1,
        released: 1,
        refused: { 'wrong-secret': 2 },
      }
      await become(() => sums(project, 'minute'), wanted)
      await become(() => sums(project, 'hour'), wanted)
      await device.end()
      await become(() => sums(project, 'minute'), { ...wanted, connected: 0 })
    })

    test('there are 60 minutes and 168 hours, oldest first, each at its beginning; other projects have their own', async () => {
      const project = await newProject()
      for (const [per, count, ms] of [
        ['minute', 60, 60_000],
        ['hour', 168, 3_600_000],
      ] as const) {
        const before = Date.now()
        const { body } = await maker.get(`${V1}/statistics?project=${project}&per=${per}`)
        const begins = (body.items as Counts[]).map(({ at }) => Date.parse(at))
        expect(begins).toHaveLength(count)
        begins.slice(1).forEach((at, place) => {
          expect(at - (begins[place] ?? 0)).toBe(ms)
        })
        expect((begins.at(-1) ?? 0) % ms).toBe(0)
        expect(begins.at(-1)).toBeGreaterThan(before - ms)
        expect(begins.at(-1)).toBeLessThanOrEqual(Date.now())
        expect((await sums(project, per)).redeemed).toBe(0)
      }
      expect((await maker.get(`${V1}/statistics?per=day`)).status).toBe(400)
    })

    const customerOf = async (project: string) => {
      const who = { email: `of-${project}@example.com`, password: 'customer-password' }
      const made = await maker.post(`${V1}/users`, { ...who, project })
      expect(made.status).toBe(201)
      return signIn(server.httpUrl, who)
    }

    test('a customer of the first project is counted there', async () => {
      const before = (await sums('default', 'hour')).claimed
      const ada = await customer(server.httpUrl)
      const lamp = await makeDevice(maker, { claimCode: 'key' })
      await ada.post(`${V1}/claims`, { device: lamp.name, secret: 'key' })
      await become(async () => (await sums('default', 'hour')).claimed, before + 1)
    })
  },
)
