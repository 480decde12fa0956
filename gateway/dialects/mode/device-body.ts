import type { Device, Home } from '../../../shared/model/records.ts'
import type { Registry } from '../../../shared/registry/index.ts'
import type { Connectedness } from '../../../shared/registry/presences.ts'
import { time } from './replies.ts'

type Surroundings = {
  readonly projectId: number
  readonly home: Home | undefined
  readonly presence: Connectedness | undefined
  readonly now: number
}

const at = <Name extends string>(name: Name, ms: number | undefined) =>
  ms === undefined ? {} : { [name]: time(ms) }

/** A device: research/mode_thethings_thingful.md 1.2. Never its key, and never its claim code, which is not known here. */
export const deviceBody = (device: Device, { projectId, home, presence, now }: Surroundings) => {
  const { claimMode, held, called } = device
  const claimableUntil = claimMode && now < claimMode.expiresAt ? claimMode.expiresAt : undefined
  const isInHome = home !== undefined && home.id === device.owner
  return {
    id: device.number,
    projectId,
    creationTime: time(device.createdAt),
    name: called?.name ?? device.name,
    tag: called?.tag ?? device.tag ?? '',
    deviceClass: device.deviceClass ?? '',
    ...(isInHome ? { homeId: home.number } : {}),
    ...at('claimTime', isInHome ? held?.at : undefined),
    ...at('claimExpirationTime', claimableUntil),
    isConnected: presence?.isConnected ?? false,
    ...at('lastConnectTime', presence?.connectedAt),
    ...at('lastDisconnectTime', presence?.disconnectedAt),
  }
}

/** Reads what belongs to devices of one project, most of which have the same home. */
export const createDeviceBodies = ({ homes, presences }: Registry, now: () => number) => {
  const of = async (devices: readonly Device[], projectId: number) => {
    const owners = [...new Set(devices.flatMap(({ owner }) => owner ?? []))]
    const [project] = devices.map((device) => device.project)
    const [present, houses] = await Promise.all([
      presences.of(devices),
      project === undefined ? [] : homes.readAll(project, owners),
    ])
    return devices.map((device, place) => {
      const home = houses.find(({ id }) => id === device.owner)
      return deviceBody(device, { projectId, home, presence: present[place], now: now() })
    })
  }

  const one = async (device: Device, projectId: number) => (await of([device], projectId))[0]

  return { of, one }
}
