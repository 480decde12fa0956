import { audited } from '../audit/line.ts'
import { lookupDigest } from '../guard/digests.ts'
import type { ProjectId } from '../model/ids.ts'
import { keys } from '../store/keys.ts'
import { put, readOne, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { Devices, MadeDevice } from './devices.ts'

/** Makes that many codes at most at once. */
export const MOST_CODES = 1000

type OpenCode = { readonly createdAt: number }

/**
 * Codes that a maker gives to his devices, each good for one new device. The record in the project makes a code good, so
 * that it is used up by the same commit that makes the device; the index only says which project that is.
 */
export const createActivationCodes = (
  { store, now }: RegistryContext,
  devices: Devices,
  newSecret: () => string,
) => {
  const create = async (project: ProjectId, count: number): Promise<string[]> => {
    const codes = Array.from({ length: count }, newSecret)
    const open: OpenCode = { createdAt: now() }
    const digests = codes.map(lookupDigest)
    await Promise.all(
      digests.map((digest) => store.commit({ put: [put(keys.activationCode(digest), project)] })),
    )
    await store.commit({
      put: digests.map((digest) => put(keys.openCode(project, digest), open)),
      add: digests.map((member) => ({ index: keys.openCodes(project), member })),
      append: [audited({ at: open.createdAt, project, type: 'activation-codes.made', count })],
    })
    return codes
  }

  /** A new device for a code, named after its thing id. Of many at once exactly one; `undefined`: used, or never one. */
  const activate = async (code: string): Promise<MadeDevice | undefined> => {
    const digest = lookupDigest(code)
    const place = await readOne<ProjectId>(store, keys.activationCode(digest))
    const project = place.value
    if (project === undefined) return undefined
    const made = await devices.createWith({ project }, async () => {
      const open = await readOne<OpenCode>(store, keys.openCode(project, digest))
      return (
        open.value && {
          expect: [unchanged(open)],
          remove: [open.key],
          drop: [{ index: keys.openCodes(project), member: digest }],
        }
      )
    })
    if (made === undefined || made === 'name-taken') return undefined
    await store.commit({ remove: [place.key] })
    return made
  }

  return { create, activate }
}

export type ActivationCodes = ReturnType<typeof createActivationCodes>
