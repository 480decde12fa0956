import type { DeviceId, ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'

/** A key-value of a device. `value` is any JSON but `null`; `updatedAt` in epoch ms. */
export type Attribute = {
  readonly key: string
  readonly value: unknown
  readonly updatedAt: number
}

type Stored = { readonly value: unknown; readonly updatedAt: number }
type Values = { readonly [key: string]: Stored }

/** Where attributes lie, in the words of ThingsBoard: research/thingsboard.md 1.5. */
export const SCOPES = ['SERVER_SCOPE', 'SHARED_SCOPE', 'CLIENT_SCOPE'] as const
export type Scope = (typeof SCOPES)[number]

/** How many keys a device has in one scope, and how many characters all of them. */
const MOST_KEYS = 256
const LONGEST = 64 * 1024

/** Key-values per device and scope, one bounded record for each scope. Nothing secret may be put there. */
export const createAttributes = ({ store, now }: RegistryContext) => {
  const read = (project: ProjectId, device: DeviceId, scope: string) =>
    readOne<Values>(store, keys.attributes(project, device, scope))

  const list = async (
    project: ProjectId,
    device: DeviceId,
    scope: string,
  ): Promise<readonly Attribute[]> => {
    const { value = {} } = await read(project, device, scope)
    return Object.entries(value).map(([key, stored]) => ({ key, ...stored }))
  }

  /** Sets some keys and leaves the others. `'too-much'`: the scope would hold more than it may. */
  const save = (
    project: ProjectId,
    device: DeviceId,
    scope: string,
    values: ReadonlyMap<string, unknown>,
  ): Promise<'saved' | 'too-much'> =>
    transact<'saved' | 'too-much'>(store, async () => {
      const present = await read(project, device, scope)
      const updatedAt = now()
      const fresh = [...values].map(([key, value]) => [key, { value, updatedAt }] as const)
      const after: Values = Object.fromEntries([...Object.entries(present.value ?? {}), ...fresh])
      const size = JSON.stringify(after).length
      if (Object.keys(after).length > MOST_KEYS || size > LONGEST) return { result: 'too-much' }
      return {
        result: 'saved',
        change: { expect: [unchanged(present)], put: [put(present.key, after)] },
      }
    })

  /** Removes some keys; those that are not there are as good as removed. */
  const remove = (
    project: ProjectId,
    device: DeviceId,
    scope: string,
    gone: ReadonlySet<string>,
  ): Promise<void> =>
    transact<void>(store, async () => {
      const present = await read(project, device, scope)
      const entries = Object.entries(present.value ?? {})
      const left = entries.filter(([key]) => !gone.has(key))
      if (left.length === entries.length) return { result: undefined }
      const expect = [unchanged(present)]
      if (left.length === 0) return { result: undefined, change: { expect, remove: [present.key] } }
      return {
        result: undefined,
        change: { expect, put: [put(present.key, Object.fromEntries(left))] },
      }
    })

  return { list, save, remove }
}

export type Attributes = ReturnType<typeof createAttributes>
