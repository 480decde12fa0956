import { Type } from 'typebox'
import type { Refused } from '../../../shared/model/outcomes.ts'
import type { Device } from '../../../shared/model/records.ts'
import type { Problem } from '../../problem.ts'

/** Ids, names and other short texts; no control characters, and no half of a character, which no store takes. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$',
})
/** A secret as a device or a label gives it: compared byte for byte. */
export const Secret = Type.String({ maxLength: 256 })
export const Email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f\\ud800-\\udfff]+@[^\\s@\\u0000-\\u001f\\ud800-\\udfff]+$',
})
export const Password = Type.String({ minLength: 8, maxLength: 128 })
/** By id, name or number; only a maker of `default` may name another than his own. */
export const ProjectRef = Name

const strict = { additionalProperties: false } as const

export const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 255 }) }, strict)

export const PageQuery = Type.Object(
  {
    project: Type.Optional(ProjectRef),
    after: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
    limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
  },
  strict,
)

/** Why an account may not leave a half. It is about his own doing, so he is told. */
export const offerProblem = ({ reason, retryAfterMs }: Refused): Problem =>
  reason === 'too-many-attempts'
    ? {
        status: 429,
        reason,
        title: 'Too many open',
        detail: 'As many as may wait at once wait already.',
        retryAfterMs: retryAfterMs ?? 1000,
      }
    : { status: 403, reason }

/** A text as a store takes it: half a character becomes the sign for one that is none. */
export const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8')

/** RFC 3339 in UTC. */
export const time = (ms: number): string => new Date(ms).toISOString()

/** A device as its owner or maker sees it. Never its credential or a secret of it. */
export const deviceBody = (device: Device, now: number) => ({
  id: device.id,
  number: device.number,
  thingId: device.thingId,
  name: device.name,
  ...(device.deviceClass === undefined ? {} : { deviceClass: device.deviceClass }),
  ...(device.tag === undefined ? {} : { tag: device.tag }),
  ...(device.particle === undefined ? {} : { ids: { particle: device.particle } }),
  gateway: device.gateway,
  claimed: device.owner !== undefined,
  ...(device.owner === undefined ? {} : { owner: device.owner }),
  epoch: device.epoch,
  ...(device.window === undefined || now >= device.window.expiresAt
    ? {}
    : {
        window: {
          expiresAt: time(device.window.expiresAt),
          secret: device.window.secret !== undefined,
        },
      }),
  createdAt: time(device.createdAt),
})
