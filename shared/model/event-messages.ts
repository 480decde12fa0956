import { Type } from 'typebox'
import { EVENT_TYPES } from './events.ts'

/** An event as apps get it, on every carrier: CloudEvents 1.0, JSON format. */
export const CloudEventMessage = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Type.String({ format: 'uuid', description: 'UUIDv7: go on behind it with `after`' }),
    source: Type.String({ format: 'uri-reference' }),
    type: Type.Union(EVENT_TYPES.map((type) => Type.Literal(`latchkey.${type}`))),
    subject: Type.Optional(Type.String({ format: 'uuid', description: 'The device' })),
    time: Type.String({ format: 'date-time' }),
    datacontenttype: Type.Literal('application/json'),
    epoch: Type.Optional(Type.Integer({ minimum: 0, description: 'Of the device, at that time' })),
    home: Type.Optional(Type.String({ format: 'uuid' })),
    data: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: false, description: 'Something that happened' },
)
