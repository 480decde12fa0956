import { Type } from 'typebox'
import { ReasonWord } from '../../../../shared/model/device-messages.ts'
import type { Calls } from '../../../description/call.ts'
import { Epoch, exactly, Id, listOf, optional, pageOf, Shown, Text, Time } from './shapes.ts'

const identity = {
  id: Id,
  number: Type.Integer({ minimum: 1 }),
  thingId: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  name: Text,
}

export const Device = exactly(
  {
    ...identity,
    deviceClass: optional(Text),
    tag: optional(Text),
    ids: optional(exactly({ particle: Type.String({ pattern: '^[0-9a-f]{24}$' }) })),
    gateway: Type.Boolean({ description: 'It may speak for other devices' }),
    claimed: Type.Boolean(),
    owner: optional(Type.String({ format: 'uuid', description: 'A home' })),
    epoch: Epoch,
    window: optional(
      exactly({ expiresAt: Time, secret: Type.Boolean({ description: 'Whether it has one' }) }),
    ),
    createdAt: Time,
  },
  'A device as its owner or its maker sees it',
)
export const NewDevice = exactly({
  ...identity,
  token: Type.String({
    pattern: '^[A-Za-z0-9_-]{43}$',
    description: 'The one credential of the device, for every dialect. Shown only now',
  }),
  claimCode: optional(Text),
})
const next = { detail: optional(Text), nextStep: optional(Text) }

export const StoryLine = Type.Union(
  [
    exactly({
      at: Time,
      type: Type.Union([Type.Literal('claimed'), Type.Literal('released')]),
      epoch: Epoch,
      home: Id,
      claim: optional(Id),
      by: Text,
      via: Type.String({ description: 'The API that it came through' }),
    }),
    exactly({
      at: Time,
      type: Type.Literal('refused'),
      claim: Id,
      reason: optional(ReasonWord),
      via: Text,
      ...next,
    }),
    exactly({
      at: Time,
      type: Type.Literal('offer-refused'),
      what: Type.String({ description: 'What the device brought in vain' }),
      reason: ReasonWord,
      via: Text,
      ...next,
    }),
  ],
  { description: 'A change of hands, or what was refused, to who tried to claim or to the device' },
)

/** Devices: made by the maker, seen by owner and maker. */
export const deviceCalls = {
  makeDevice: {
    on: 'POST /latchkey/v1/devices',
    topic: 'Devices',
    summary: 'Make a device',
    by: 'maker',
    answers: { 201: { is: 'Made', body: NewDevice, hasLocation: true } },
    problems: [404],
  },
  listDevices: {
    on: 'GET /latchkey/v1/devices',
    topic: 'Devices',
    summary: 'My devices',
    about: 'A maker sees those of the project, everybody else those that his homes own.',
    by: 'user',
    answers: { 200: { is: 'A page', body: pageOf(Device) } },
    problems: [404],
  },
  readDevice: {
    on: 'GET /latchkey/v1/devices/:id',
    topic: 'Devices',
    summary: 'One device',
    by: 'user',
    answers: { 200: { is: 'The device', body: Device } },
    problems: [404],
  },
  readHistory: {
    on: 'GET /latchkey/v1/devices/:id/history',
    topic: 'Devices',
    summary: 'How a device changed hands',
    about: 'Newest first. An owner sees what was since he has it, the maker everything.',
    by: 'user',
    answers: { 200: { is: 'The newest 200 of each kind', body: listOf(StoryLine) } },
    problems: [404],
  },
  setBoxKey: {
    on: 'PUT /latchkey/v1/devices/:id/box-key',
    topic: 'Devices',
    summary: 'Set the key that is printed in the box',
    about: 'Without a `secret` one is made.',
    by: 'maker',
    answers: { 200: { is: 'Set', body: exactly({ secret: Shown, expiresAt: Time }) } },
    problems: [404],
  },
  releaseDevice: {
    on: 'DELETE /latchkey/v1/devices/:id/owner',
    topic: 'Devices',
    summary: 'Give a device up',
    about:
      'Its epoch rises. Streams, waiting commands and grants of the old home end within a second.',
    by: 'user',
    answers: { 204: { is: 'Nobody owns it now' } },
    problems: [404],
  },
  setCertificate: {
    on: 'PUT /latchkey/v1/devices/:id/certificate',
    topic: 'Devices',
    summary: 'Register the X.509 certificate of a device',
    by: 'maker',
    answers: {
      200: {
        is: 'Registered',
        body: exactly({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      },
    },
    problems: [404, 409],
  },
  removeCertificate: {
    on: 'DELETE /latchkey/v1/devices/:id/certificate',
    topic: 'Devices',
    summary: 'Take the certificate of a device back',
    by: 'maker',
    answers: { 204: { is: 'A connection that it made has ended' } },
    problems: [404],
  },
} as const satisfies Calls
