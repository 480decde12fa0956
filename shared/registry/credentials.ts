import { audited } from '../audit/line.ts'
import { lookupDigest } from '../guard/digests.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import type { DeviceRef } from './devices.ts'
import { endingOf } from './end-connection.ts'

/** Credentials of devices that have come into wrong hands. */
export const createCredentials = (context: RegistryContext) => {
  const { store, digests, now } = context

  /**
   * Gives a device another credential, which can be read only now. The former one opens nothing from this commit on, and the
   * connection that it made ends. `undefined`: there is no such device.
   */
  const renew = async (project: ProjectId, id: DeviceId): Promise<string | undefined> => {
    const renewed = await transact(store, async () => {
      const device = await readOne<Device>(store, keys.device(project, id))
      if (device.value === undefined) return { result: undefined }
      const was = device.value
      const token = digests.deviceToken(id, was.credential + 1)
      const after: Device = {
        ...was,
        credential: was.credential + 1,
        credentialDigest: lookupDigest(token),
      }
      const ref: DeviceRef = { project, device: id }
      // The record makes it good; this only says whose it is.
      await store.commit({ put: [put(keys.credential(after.credentialDigest), ref)] })
      const { tell, expect, put: ended } = await endingOf(context, project, id)
      return {
        result: { token, tell, former: was.credentialDigest },
        change: {
          expect: [unchanged(device), ...expect],
          put: [put(device.key, after), ...ended],
          append: [audited({ at: now(), project, type: 'credential.renewed', device: id })],
        },
      }
    })
    if (renewed === undefined) return undefined
    await store.commit({ remove: [keys.credential(renewed.former)] })
    await renewed.tell()
    return renewed.token
  }

  return { renew }
}

export type Credentials = ReturnType<typeof createCredentials>
