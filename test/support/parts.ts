import { randomInt, randomUUID } from 'node:crypto'
import { AUDIT_KEEP, createSealer } from '../../shared/audit/sealer.ts'
import { createEngine } from '../../shared/claim/engine.ts'
import { createDelivery } from '../../shared/delivery/index.ts'
import { type BudgetLimits, createBudget } from '../../shared/guard/budget.ts'
import { createDigests } from '../../shared/guard/digests.ts'
import { createImports } from '../../shared/imports/index.ts'
import { silentLog } from '../../shared/log.ts'
import { createMail } from '../../shared/mail/mail.ts'
import { noMetrics } from '../../shared/metrics.ts'
import { makeFirst } from '../../shared/registry/first-start.ts'
import { createRegistry } from '../../shared/registry/index.ts'
import type { Store } from '../../shared/store/port.ts'
import { ADMIN } from './server.ts'

/** Engine and registry on a store, with a clock that the test moves. */
export const partsOn = async (store: Store, limits?: BudgetLimits) => {
  const clock = { now: Date.now() }
  const now = () => clock.now
  const digests = createDigests(new Uint8Array(32).fill(7))
  const newId = () => randomUUID()
  const registry = createRegistry({ store, digests, now, newId, random: (n) => randomInt(n) })
  const mail = createMail({ store, tokens: registry.oneTimeTokens, now, newId })
  const budget = createBudget(store, limits)
  const engine = createEngine({
    store,
    digests,
    budget,
    log: silentLog,
    metrics: noMetrics,
    now,
    newId,
  })
  const delivery = createDelivery({ store, log: silentLog, now, newId })
  const { devices } = registry
  const imports = createImports({ store, digests, devices, log: silentLog, now, newId })
  const sealer = createSealer({ store, digests, keep: AUDIT_KEEP, now })
  await makeFirst(registry, ADMIN)
  const project = await registry.projects.find('default')
  if (project === undefined) throw new Error('there is no default project')
  return {
    registry,
    engine,
    delivery,
    digests,
    mail,
    imports,
    sealer,
    clock,
    now,
    project: project.id,
  }
}

export type Parts = Awaited<ReturnType<typeof partsOn>>
