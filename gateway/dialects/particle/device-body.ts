import type { Device, Project } from '../../../shared/model/records.ts'
import type { Connectedness } from '../../../shared/registry/presences.ts'
import { DEFAULT_PROJECT } from '../../../shared/registry/projects.ts'

/** A Photon: the platform whose firmware presents claim codes, and the product id of a device of none. */
export const PHOTON = 6

/** What the platform's clients call a device: 24 hex digits in small letters; one without them goes by our own id. */
export const particleIdOf = (device: Pick<Device, 'particle' | 'id'>): string =>
  device.particle ?? device.id

/** What its owner calls it. */
export const nameOf = ({ called, label, name }: Device): string => called?.name ?? label ?? name

export const productIdOf = (project: Project): number =>
  project.name === DEFAULT_PROJECT ? PHOTON : project.number

const time = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toISOString()

/** What is written on it: the name that its maker gave it, which no other of the project has. */
export const serialNumberOf = ({ name }: Pick<Device, 'name'>): string => name

/** A device as its owner sees it: both `online` and `connected`, because clients differ (research/particle.md 1.3). */
export const deviceBody = (device: Device, present: Connectedness, project: Project) => {
  const { isConnected, connectedAt, disconnectedAt } = present
  return {
    id: particleIdOf(device),
    name: nameOf(device),
    last_ip_address: null,
    last_heard: time(isConnected ? connectedAt : (disconnectedAt ?? connectedAt)),
    last_handshake_at: time(connectedAt),
    product_id: productIdOf(project),
    online: isConnected,
    connected: isConnected,
    platform_id: PHOTON,
    cellular: false,
    notes: null,
    functions: null,
    variables: null,
    status: 'normal',
    serial_number: serialNumberOf(device),
    system_firmware_version: null,
  }
}

/** The same as its product's team sees it. `owner`: the name of the customer who has it. */
export const productDeviceBody = (
  device: Device,
  present: Connectedness,
  product: Project,
  owner: string | null,
) => ({
  ...deviceBody(device, present, product),
  firmware_product_id: product.number,
  groups: device.tag === undefined ? [] : [device.tag],
  firmware_version: null,
  desired_firmware_version: null,
  development: false,
  quarantined: false,
  denied: false,
  owner,
})
