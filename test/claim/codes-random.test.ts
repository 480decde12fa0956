import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { silentLog } from '../../shared/log.ts'
import type { DeviceId, ProjectId } from '../../shared/model/ids.ts'
import { keys } from '../../shared/store/keys.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Account, type Nodes, openNodes } from './codes-support.ts'

const TTL_MS = 10_000
const ACCOUNTS = 3
const DEVICES = 2

/** Numbers stand for one of the accounts, devices or codes that there are by then. */
type Step =
  | { readonly do: 'make'; readonly account: number }
  | { readonly do: 'bring'; readonly device: number; readonly code: number }
  | { readonly do: 'race'; readonly code: number }
  | { readonly do: 'release'; readonly device: number }
  | { readonly do: 'wait'; readonly ms: number }

const number = fc.nat({ max: 1000 })
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('make' as const), account: number }),
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('bring' as const), device: number, code: number }),
    },
    fc.record({ do: fc.constant('race' as const), code: number }),
    fc.record({ do: fc.constant('release' as const), device: number }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: TTL_MS }) }),
  ),
  { minLength: 5, maxLength: 30 },
)

/** What must be so, kept apart from the program: which account owns what, and what each code was used for. */
type Model = {
  owners: (number | undefined)[]
  epochs: number[]
  codes: {
    readonly text: string
    readonly by: number
    readonly endsAt: number
    used?: { readonly device: number; readonly epoch: number }
  }[]
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-codes-random-'))
let store: Store
let nodes: Nodes
let accounts: Record<'possession' | 'unowned', Account[]>
const projects = {} as Record<'possession' | 'unowned', ProjectId>

beforeAll(async () => {
  store = await openStore({ url: `embedded:${folder}`, log: silentLog })
  nodes = await openNodes([store])
  projects.possession = await nodes.newProject({ possession: true, claimCodeTtlMs: TTL_MS })
  projects.unowned = await nodes.newProject({ claimCodeTtlMs: TTL_MS })
  accounts = { possession: [], unowned: [] }
  for (const kind of ['possession', 'unowned'] as const)
    for (let i = 0; i < ACCOUNTS; i++) accounts[kind].push(await nodes.newAccount(projects[kind]))
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What bringing a code has to answer, and what it makes true. */
const expected = (model: Model, kind: 'possession' | 'unowned', device: number, code: number) => {
  const it = model.codes[code] as Model['codes'][number]
  const epoch = model.epochs[device] as number
  if (it.used !== undefined)
    return it.used.device === device && it.used.epoch === epoch ? 'claimed' : 'code-used'
  if (nodes.node(0).now() >= it.endsAt) return 'code-expired'
  const owner = model.owners[device]
  if (owner !== undefined && owner !== it.by && kind === 'unowned') return 'owned-by-another'
  if (owner !== it.by) {
    model.owners[device] = it.by
    model.epochs[device] = epoch + 1
  }
  it.used = { device, epoch: model.epochs[device] as number }
  return 'claimed'
}

const run = async (kind: 'possession' | 'unowned', story: readonly Step[]) => {
  const project = projects[kind]
  const devices: DeviceId[] = []
  for (let i = 0; i < DEVICES; i++) devices.push(await nodes.newDevice(project))
  const model: Model = {
    owners: devices.map(() => undefined),
    epochs: devices.map(() => 0),
    codes: [],
  }
  const bring = async (device: number, code: number) => {
    const text = model.codes[code]?.text ?? ''
    const answer = await nodes.bring(project, devices[device] as DeviceId, text)
    return answer.state === 'refused' ? answer.reason : answer.state
  }
  const play = async (step: Step) => {
    const code = 'code' in step ? step.code % Math.max(1, model.codes.length) : 0
    switch (step.do) {
      case 'make': {
        const by = step.account % ACCOUNTS
        const made = await nodes.make(accounts[kind][by] as Account)
        const { code: text, expiresAt: endsAt } = made
        model.codes.push({ text, by, endsAt })
        return
      }
      case 'bring': {
        if (model.codes.length === 0) return
        const device = step.device % DEVICES
        expect(await bring(device, code)).toBe(expected(model, kind, device, code))
        return
      }
      case 'race': {
        if (model.codes.length === 0) return
        const said = await Promise.all(devices.map((_, device) => bring(device, code)))
        // Either may have been first, but the answers have to fit one of the two orders.
        const orders = [devices.keys(), [...devices.keys()].reverse()].map((order) => {
          const copy = structuredClone(model)
          const answers = [...order].map(
            (device) => [device, expected(copy, kind, device, code)] as const,
          )
          return { copy, answers: answers.sort(([a], [b]) => a - b).map(([, answer]) => answer) }
        })
        const fitting = orders.find(({ answers }) => answers.join() === said.join())
        expect(orders.map(({ answers }) => answers)).toContainEqual(said)
        if (fitting !== undefined) Object.assign(model, fitting.copy)
        return
      }
      case 'release': {
        const device = step.device % DEVICES
        const owner = model.owners[device]
        await nodes.release(
          project,
          devices[device] as DeviceId,
          (accounts[kind][0] as Account).user,
        )
        if (owner === undefined) return
        model.owners[device] = undefined
        model.epochs[device] = (model.epochs[device] as number) + 1
        return
      }
      case 'wait':
        return nodes.wait(step.ms)
    }
  }
  for (const step of story) {
    await play(step)
    for (const [place, id] of devices.entries()) {
      const device = await nodes.getDevice(project, id)
      const owner = model.owners[place]
      const home = owner === undefined ? undefined : accounts[kind][owner]?.home
      expect([device.owner, device.epoch]).toEqual([home, model.epochs[place]])
    }
  }
  // In the lists of homes each device stands as often as it has an owner: once, or never.
  const lists = await Promise.all(
    accounts[kind].map(({ home }) =>
      store.list(keys.homeDevices(project, home), { limit: 10_000 }),
    ),
  )
  for (const [place, id] of devices.entries())
    expect(lists.flat().filter((listed) => listed === id)).toHaveLength(
      model.owners[place] === undefined ? 0 : 1,
    )
}

test.each(['possession', 'unowned'] as const)(
  'whatever is made, brought, released and waited for, nobody gets a device twice or back by a replay (%s)',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(steps, async (story) => {
        await run(kind, story)
        // So that no account runs out of places for open codes.
        nodes.wait(TTL_MS)
      }),
      { numRuns: 40 },
    )
  },
  120_000,
)
