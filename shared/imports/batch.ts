import { createHash } from 'node:crypto'
import type { Fault } from '../check.ts'
import { boxKeyOf, secretDigest } from '../claim/box-key-text.ts'
import { type Digests, printedDigest } from '../guard/digests.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { BoxKey, Device } from '../model/records.ts'
import { namePlace } from '../registry/device-names.ts'
import { type DeviceRef, type Devices, namesOf, printedPlace } from '../registry/devices.ts'
import { keys } from '../store/keys.ts'
import type { Change, Member, Put, Store } from '../store/port.ts'
import { type Found, put, readMany, unchanged } from '../store/transact.ts'
import { faultOf } from './reader.ts'
import type { RowFaults, RowResult } from './records.ts'
import type { ImportRow, ReadRow } from './rows.ts'
import { effectOf, type RowDigests } from './rule.ts'

export type BatchContext = {
  readonly store: Store
  readonly digests: Digests
  readonly devices: Pick<Devices, 'draft'>
  readonly now: () => number
}

/** The operation that the rows belong to, as far as it matters to them. */
export type BatchOf = {
  readonly id: string
  readonly project: ProjectId
  readonly generates: boolean
}

/** What a batch comes to, and the change that makes it true. */
export type Batch = {
  readonly results: readonly RowResult[]
  readonly faults: readonly RowFaults[]
  readonly change: Required<Pick<Change, 'expect' | 'put' | 'add'>>
  /** Credentials of devices that come into being. They lie elsewhere, and go first. */
  readonly credentials: readonly Put[]
}

/** A box key without an end of its own. */
const NEVER = Number.MAX_SAFE_INTEGER

/** The id of the device that a row makes: the same whenever the row is worked on again, a UUID by its form (RFC 9562, 5.8). */
export const deviceIdOf = (operation: string, line: number): DeviceId => {
  const hex = createHash('sha256').update(`import ${operation} ${line}`).digest('hex')
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16)
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return parts.join('-') as DeviceId
}

/** A device of the batch: as it was read (absent: it comes into being), and as it is to be. */
type Held = { readonly was?: Found<Device>; readonly now: Device; readonly token?: string }

/** What the rows of a batch look up, read at once. */
const readPresent = async (store: Store, project: ProjectId, rows: readonly ImportRow[]) => {
  const names = [...new Set(rows.map(({ name }) => name))]
  const particles = [...new Set(rows.flatMap(({ particle }) => particle ?? []))]
  const places = [
    ...names.map((name) => keys.deviceName(project, name)),
    ...particles.map((id) => keys.particle(project, id)),
  ]
  const entries = await readMany<DeviceId>(store, places)
  const idsByName = new Map(names.map((name, place) => [name, entries[place]?.value]))
  const owners = new Map(particles.map((id, place) => [id, entries[names.length + place]?.value]))
  const ids = [...new Set([...idsByName.values()].flatMap((id) => id ?? []))]
  const devices = await readMany<Device>(
    store,
    ids.map((id) => keys.device(project, id)),
  )
  const byId = new Map(ids.map((id, place) => [id, devices[place]]))
  return { idsByName, owners, byId }
}

type Present = Awaited<ReturnType<typeof readPresent>>

/** Rows of an import against what is there: one read, one commit, however many they are. */
export const createBatches = ({ store, digests, devices, now }: BatchContext) => {
  const boxKeyFor = (id: DeviceId, secret: string, { expiresAt = NEVER }: ImportRow): BoxKey => ({
    secret: secretDigest(digests, id, secret),
    expiresAt,
  })

  const digestsOf = ({ project, generates }: BatchOf, id: DeviceId, row: ImportRow): RowDigests => {
    const { claimCode } = row
    const secret = row.secret ?? claimCode
    return {
      ...(claimCode === undefined ? {} : { printed: printedDigest(digests, project, claimCode) }),
      ...(secret === undefined ? {} : { boxKey: boxKeyFor(id, secret, row) }),
      ...(secret === undefined && generates
        ? { generated: boxKeyFor(id, boxKeyOf(digests, id), row) }
        : {}),
    }
  }

  /** The device that a row is about, in this batch or in the store. `'taken'`: of its name there is a trace and no device. */
  const heldFor = (
    of: BatchOf,
    row: ImportRow,
    { idsByName, byId }: Present,
    held: ReadonlyMap<string, Held>,
  ): Held | 'taken' => {
    const inBatch = held.get(row.name)
    if (inBatch !== undefined) return inBatch
    const known = idsByName.get(row.name)
    if (known === undefined) {
      const id = deviceIdOf(of.id, row.line)
      return { now: devices.draft({ project: of.project, name: row.name }, id).device }
    }
    const was = byId.get(known)
    return was?.value === undefined ? 'taken' : { was, now: was.value }
  }

  /** Whether the Particle id of a row is another device's. */
  const isForeign = ({ particle }: ImportRow, { id }: Device, owners: Present['owners']) => {
    const owner = particle === undefined ? undefined : owners.get(particle)
    return owner !== undefined && owner !== id
  }

  /** Judges the rows one after the other, so that a later one sees what an earlier one has made. */
  const judge = (of: BatchOf, rows: readonly ReadRow[], present: Present) => {
    const held = new Map<string, Held>()
    const results: RowResult[] = []
    const faults: RowFaults[] = []

    const apply = (row: ImportRow): readonly Fault[] | RowResult => {
      const target = heldFor(of, row, present, held)
      if (target === 'taken') return faultOf('is being taken by something else', '/name')
      const { id } = target.now
      if (isForeign(row, target.now, present.owners))
        return faultOf('is the one of another device', '/ids/particle')
      const effect = effectOf(target.now, row, digestsOf(of, id, row), now())
      if (effect.kind === 'refused') return effect.faults
      const isNew = target.was === undefined && !held.has(row.name)
      if (effect.kind === 'updated') held.set(row.name, { ...target, now: effect.device })
      else if (isNew) held.set(row.name, target)
      if (row.particle !== undefined) present.owners.set(row.particle, id)
      const outcome = isNew ? 'created' : effect.kind
      const generated = effect.kind === 'updated' && effect.generated
      return { line: row.line, outcome, device: id, ...(generated ? { generated: true } : {}) }
    }

    for (const row of rows) {
      if (!row.ok) {
        faults.push({ line: row.line, faults: row.faults })
        continue
      }
      const done = apply(row.content)
      if ('outcome' in done) results.push(done)
      else faults.push({ line: row.line, faults: done })
    }
    return { held: [...held.values()], results, faults }
  }

  const absent = (key: Put['key']) => ({ key, version: undefined })

  const created = (device: Device) => {
    const names = namesOf(device)
    return {
      expect: names.map(absent),
      put: [
        put(keys.device(device.project, device.id), device),
        ...names.map((key) => put(key, device.id)),
      ],
      add: [
        { index: keys.devices(device.project), member: device.id },
        namePlace(device),
        ...printedPlace(device),
      ],
    }
  }

  const updated = (was: Found<Device>, device: Device) => {
    const isNamed = device.particle !== undefined && device.particle !== was.value?.particle
    const names = isNamed ? [keys.particle(device.project, device.particle)] : []
    return {
      expect: [unchanged(was), ...names.map(absent)],
      put: [put(was.key, device), ...names.map((key) => put(key, device.id))],
      add: device.printed === was.value?.printed ? [] : printedPlace(device),
    }
  }

  /** Reads what is there and decides. Nothing is stored: whoever commits the change also says what expects it. */
  const plan = async (of: BatchOf, rows: readonly ReadRow[]): Promise<Batch> => {
    const good = rows.flatMap((row) => (row.ok ? [row.content] : []))
    const present = await readPresent(store, of.project, good)
    const { held, results, faults } = judge(of, rows, present)
    const parts = held.map(({ was, now: device }) =>
      was === undefined ? created(device) : updated(was, device),
    )
    const credentials = held.flatMap(({ was, now: { project, id, credentialDigest } }) => {
      const ref: DeviceRef = { project, device: id }
      return was === undefined ? [put(keys.credential(credentialDigest), ref)] : []
    })
    const add: Member[] = parts.flatMap((part) => part.add)
    return {
      results,
      faults,
      credentials,
      change: {
        expect: parts.flatMap(({ expect }) => expect),
        put: parts.flatMap((part) => part.put),
        add,
      },
    }
  }

  return { plan }
}

export type Batches = ReturnType<typeof createBatches>
