import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { stateOf, TRANSFER_TTL_MS } from '../../shared/claim/transfers.ts'
import { silentLog } from '../../shared/log.ts'
import { openStore } from '../../shared/store/open.ts'
import type { Store } from '../../shared/store/port.ts'
import { type Parts, partsOn } from '../support/parts.ts'
import { newDevice, newUser } from '../support/people.ts'

let folder: string
let store: Store
let parts: Parts

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-transfers-'))
  store = await openStore({ url: `embedded:${folder}`, log: silentLog, allowUnsafe: false })
  parts = await partsOn(store)
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a device that was asked for can be given until the end of the week, and not at it', async () => {
  const { engine, registry, clock, now, project } = parts
  const [owner, asker] = [await newUser(parts), await newUser(parts)]
  const { device } = await newDevice(parts, project, { owner: owner.home })
  const asked = await engine.askForTransfer(
    { project, user: asker.id, home: asker.home, device: device.id },
    async () => ({}),
  )
  if (asked.state === 'refused') throw new Error(asked.reason)
  const { transfer } = asked
  const answer = () =>
    engine.answerTransfer({
      ...{ project, transfer: transfer.id, isApproved: true, beside: {}, via: randomUUID() },
      by: { kind: 'member', user: owner.id },
    })
  const stateNow = async () => {
    const found = await engine.lookAtTransfer(project, transfer.id)
    return found && stateOf(found, await registry.devices.get(project, device.id), now())
  }
  expect(transfer.expiresAt).toBe(now() + TRANSFER_TTL_MS)
  clock.now = transfer.expiresAt - 1
  expect(await stateNow()).toBe('open')
  clock.now = transfer.expiresAt
  expect(await stateNow()).toBe('expired')
  expect(await answer()).toMatchObject({ state: 'refused', reason: 'epoch-changed' })
  expect((await registry.devices.get(project, device.id))?.owner).toBe(owner.home)
  clock.now = transfer.expiresAt - 1
  expect(await answer()).toMatchObject({ state: 'claimed', home: asker.home })
  expect(await stateNow()).toBe('approved')
})
