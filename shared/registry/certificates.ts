import { audited } from '../audit/line.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { RegistryContext } from './context.ts'
import { type Ending, endingOf } from './end-connection.ts'
import { holderOf, type Reservation, reserve } from './unique.ts'

type Bearer = { readonly project: ProjectId; readonly device: DeviceId }

/** SHA-256 of a certificate as people and tools write it: 64 hex digits, with or without colons. */
export const CERTIFICATE_DIGEST = /^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$/

/** As it is stored and compared. */
export const normalDigest = (digest: string): string => digest.replaceAll(':', '').toLowerCase()

const recordOf = async (store: Store, { project, device }: Bearer): Promise<Device | undefined> =>
  (await readOne<Device>(store, keys.device(project, device))).value

/** Frees a digest, if it is this device's. */
export const freeCertificate = (store: Store, digest: string, device: DeviceId): Promise<void> =>
  transact<void>(store, async () => {
    const present = await readOne<Reservation<Bearer>>(store, keys.certificate(digest))
    if (present.value?.holder.device !== device) return { result: undefined }
    return {
      result: undefined,
      change: { expect: [unchanged(present)], remove: [present.key] },
    }
  })

/** X.509 certificates of devices, known by their digests: one device each, over all projects. */
export const createCertificates = (context: RegistryContext) => {
  const { store, now } = context

  /** The device that has this certificate. The record decides: an index entry alone opens nothing. */
  const find = async (digest: string): Promise<Device | undefined> => {
    const bearer = await holderOf<Bearer>(store, keys.certificate(digest))
    const device = bearer === undefined ? undefined : await recordOf(store, bearer)
    return device?.certificate === digest ? device : undefined
  }

  /** Puts a digest on the record or takes it off; who is connected by a former one ends with the same commit. */
  const write = ({ project, device }: Bearer, digest: string | undefined) =>
    transact<{ before: Device; tell: Ending['tell'] | undefined } | undefined>(store, async () => {
      const record = await readOne<Device>(store, keys.device(project, device))
      if (record.value === undefined) return { result: undefined }
      const { certificate: former, ...rest } = record.value
      const isRevoked = former !== undefined && former !== digest
      const ending = isRevoked ? await endingOf(context, project, device) : undefined
      const after: Device = digest === undefined ? rest : { ...rest, certificate: digest }
      const type = digest === undefined ? 'certificate.removed' : 'certificate.set'
      return {
        result: { before: record.value, tell: ending?.tell },
        change: {
          expect: [unchanged(record), ...(ending?.expect ?? [])],
          put: [put(record.key, after), ...(ending?.put ?? [])],
          append: [audited({ at: now(), project, type, device })],
        },
      }
    })

  /**
   * The certificate by which the device is known from now on (`undefined`: none). What is connected by a former one
   * ends. `'name-taken'`: another device has it. `undefined`: there is no such device.
   */
  const set = async (
    project: ProjectId,
    device: DeviceId,
    digest: string | undefined,
  ): Promise<'set' | 'name-taken' | undefined> => {
    const bearer: Bearer = { project, device }
    if (digest !== undefined) {
      const isHeld = async (other: Bearer) => (await recordOf(store, other))?.certificate === digest
      if (!(await reserve(store, keys.certificate(digest), bearer, now(), isHeld)))
        return 'name-taken'
    }
    const written = await write(bearer, digest)
    if (written === undefined) return undefined
    await written.tell?.()
    const { certificate: former } = written.before
    if (former !== undefined && former !== digest) await freeCertificate(store, former, device)
    return 'set'
  }

  return { find, set }
}

export type Certificates = ReturnType<typeof createCertificates>
