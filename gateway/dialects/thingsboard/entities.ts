import type { Device, Home, User } from '../../../shared/model/records.ts'
import { AUTHORITY } from './guards.ts'

/** "Nobody" there: research/thingsboard.md 1.4. */
export const NULL_UUID = '13814000-1dd2-11b2-8080-808080808080'

/** An id as every body of this API has it. */
export const entityId = <T extends string>(entityType: T, id: string) => ({ entityType, id })

/** A device's type when nobody has named one. */
export const DEFAULT_TYPE = 'default'

/** The platform's word for a device's class. */
export const typeOf = ({ deviceClass }: Device): string => deviceClass ?? DEFAULT_TYPE

/** A device, member for member as there. Never its credential or a secret of it. */
export const deviceBody = (device: Device) => ({
  id: entityId('DEVICE', device.id),
  createdTime: device.createdAt,
  additionalInfo: device.gateway ? { gateway: true } : null,
  tenantId: entityId('TENANT', device.project),
  customerId: entityId('CUSTOMER', device.owner ?? NULL_UUID),
  name: device.name,
  type: typeOf(device),
  label: device.label ?? null,
  // There are no profiles here.
  deviceProfileId: entityId('DEVICE_PROFILE', NULL_UUID),
  firmwareId: null,
  softwareId: null,
  externalId: null,
  version: device.epoch + 1,
  deviceData: {
    configuration: { type: 'DEFAULT' },
    transportConfiguration: { type: 'DEFAULT' },
  },
})

/** The customer that a user belongs to; a tenant's administrator belongs to none. */
export const customerOf = ({ role, home }: User): string => (role === 'customer' ? home : NULL_UUID)

/** An account. */
export const userBody = (user: User) => ({
  id: entityId('USER', user.id),
  createdTime: user.createdAt,
  additionalInfo: null,
  tenantId: entityId('TENANT', user.project),
  customerId: entityId('CUSTOMER', customerOf(user)),
  email: user.email ?? null,
  name: user.email ?? user.name ?? user.phone ?? user.id,
  authority: AUTHORITY[user.role],
  firstName: user.firstName ?? null,
  lastName: user.lastName ?? null,
  phone: user.phone ?? null,
  version: 1,
})

/** A customer: a home that owns devices. */
export const customerBody = (home: Home) => ({
  id: entityId('CUSTOMER', home.id),
  createdTime: home.createdAt,
  additionalInfo: null,
  country: null,
  state: null,
  city: null,
  address: null,
  address2: null,
  zip: null,
  phone: null,
  email: null,
  title: home.title,
  tenantId: entityId('TENANT', home.project),
  externalId: null,
  version: 1,
  name: home.title,
})
