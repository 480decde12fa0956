import { audited } from '../audit/line.ts'
import type { DeviceId, OfferId, ProjectId } from '../model/ids.ts'
import { type Opened, type Refused, refused } from '../model/outcomes.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readOne, transact, unchanged } from '../store/transact.ts'
import type { EngineContext } from './context.ts'
import type { Refusals } from './refusals.ts'
import { openWindow, setBoxKey, type WindowRule } from './rules.ts'

/** A device leaves its half. An empty secret is no secret. */
export type OfferWindow = {
  readonly project: ProjectId
  readonly device: DeviceId
  readonly secret: string | undefined
  readonly durationMs: number | undefined
  readonly rule: WindowRule
  readonly via: string
}

/** A device has opened itself to a claim, for the audit. */
export const windowOpened = (
  { project, device, via }: Pick<OfferWindow, 'project' | 'device' | 'via'>,
  at: number,
) =>
  audited({ at, project, type: 'window.opened', by: { kind: 'device', id: device }, device, via })

/** The verb *offer*, for windows and box keys. */
export const createOffers = (
  { store, digestOf, snapshot, counted, now, newId }: EngineContext,
  { noted }: Pick<Refusals, 'noted'>,
) => {
  const offerWindow = async (offer: OfferWindow): Promise<Opened | Refused> => {
    const outcome = await transact<Opened | Refused>(store, async () => {
      const { device, policy } = await snapshot(offer.project, offer.device)
      if (device.value === undefined) return { result: refused('device-unknown', true) }
      const { outcome: opened, device: after } = openWindow(
        device.value,
        policy,
        {
          id: newId() as OfferId,
          secret: digestOf(offer.device, offer.secret),
          durationMs: offer.durationMs,
          rule: offer.rule,
          via: offer.via,
        },
        now(),
      )
      if (after === undefined) return { result: opened }
      return {
        result: opened,
        change: {
          expect: [unchanged(device)],
          put: [put(device.key, after)],
          append: [windowOpened(offer, now())],
        },
      }
    })
    const { project, device, via } = offer
    return noted({ project, device, via, what: 'window' }, counted('offer', outcome))
  }

  /** The maker's half. `false`: there is no such device. */
  const offerBoxKey = (
    project: ProjectId,
    id: DeviceId,
    secret: string | undefined,
    expiresAt: number,
  ): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const device = await readOne<Device>(store, keys.device(project, id))
      if (device.value === undefined) return { result: false }
      const digest = digestOf(id, secret)
      const after = setBoxKey(device.value, {
        ...(digest === undefined ? {} : { secret: digest }),
        expiresAt,
      })
      return {
        result: true,
        change: {
          expect: [unchanged(device)],
          put: [put(device.key, after)],
          append: [audited({ at: now(), project, type: 'box-key.set', device: id })],
        },
      }
    })

  return { offerWindow, offerBoxKey }
}
