import { type TProperties, Type } from 'typebox'
import { REASONS, type Reason } from './reasons.ts'

/** Nothing but what is named. */
const exactly = <P extends TProperties>(members: P, description?: string) =>
  Type.Object(members, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  })

const DeviceName = Type.String({ minLength: 1, maxLength: 255 })
const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' })
const Uuid = Type.String({ format: 'uuid' })
const Epoch = Type.Integer({
  minimum: 0,
  description: 'Counts the ownership changes of the device; only rises',
})

/** The closed list of CONTRACT 5, each with what it means. */
export const ReasonWord = Type.Union(
  (Object.keys(REASONS) as Reason[]).map((reason) =>
    Type.Literal(reason, { description: REASONS[reason].detail }),
  ),
  { description: 'Why something was refused. Stable: programs branch on it' },
)

/** The members of one native claim. Limits of CONTRACT 6 "MQTT". */
export const WindowMembers = {
  secret: Type.Optional(
    Type.String({
      maxLength: 256,
      description: 'What an account has to show; case and spaces count',
    }),
  ),
  durationMs: Type.Optional(
    Type.Integer({ minimum: 1000, description: 'How long the window is open; up to the policy' }),
  ),
}

/** What native devices say: CONTRACT 3. The broker checks what comes with these very schemas. */
export const ClaimWindow = exactly(
  WindowMembers,
  'Opens the claim window; the newest replaces the older',
)
export const LinkId = exactly({ linkId: Type.String({ minLength: 1, maxLength: 256 }) })
export const Code = exactly({ code: Type.String({ minLength: 1, maxLength: 128 }) })
export const Nothing = exactly({})
export const Token = exactly({ token: Type.String({ minLength: 1, maxLength: 256 }) })
export const Child = exactly({ device: DeviceName }, 'A device that a gateway speaks for')
export const ChildWindow = exactly({ device: DeviceName, ...WindowMembers })

const EventMembers = {
  eventType: Type.String({ minLength: 1, maxLength: 255 }),
  eventData: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'At most 16 KiB as JSON' }),
  ),
}
export const DeviceEvent = exactly(EventMembers)
export const ChildEvent = exactly({ device: DeviceName, ...EventMembers })

const Refusal = exactly({ state: Type.Literal('refused'), reason: ReasonWord })
const Outcomes = [
  exactly({ id: Uuid, state: Type.Literal('open'), expiresAt: Time }),
  exactly({ id: Uuid, state: Type.Literal('waiting'), expiresAt: Time }),
  exactly({ id: Uuid, state: Type.Literal('claimed'), epoch: Epoch }),
  exactly({ state: Type.Literal('released'), epoch: Epoch }),
  exactly({
    id: Type.Optional(Uuid),
    state: Type.Literal('refused'),
    reason: ReasonWord,
  }),
] as const

/** What native devices hear. */
export const ClaimResult = Type.Union([...Outcomes], {
  description: 'What came of a half; it comes again as claimed, with the same id',
})
export const Ownership = exactly(
  { claimed: Type.Boolean(), epoch: Epoch, home: Type.Optional(Uuid) },
  'Who has the device: told on subscribing, and on every change',
)
const CommandMembers = {
  id: Uuid,
  action: Type.String({ minLength: 1, maxLength: 255 }),
  parameters: Type.Optional(Type.Unknown({ description: 'At most 16 KiB as JSON' })),
  epoch: Epoch,
}
export const CommandMessage = exactly(CommandMembers)
export const ChildCommand = exactly({ device: DeviceName, ...CommandMembers })
export const CommandAnswer = Type.Unknown({
  description:
    'Nothing at all, or any JSON of at most 4096 bytes: the result that the sender reads',
})
export const Provisioned = Type.Union([
  exactly(
    {
      id: Uuid,
      number: Type.Integer({ minimum: 1 }),
      token: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    },
    'The device that came into being, and its credential; shown once',
  ),
  Refusal,
])

/** A gateway hears one outcome for each item, in order; of a batch that is none, one refusal. */
export const ChildResults = Type.Union([
  Type.Array(
    Type.Union(
      [Outcomes[0], Outcomes[4]].map(({ properties }) =>
        exactly({ device: Type.Optional(DeviceName), ...properties }),
      ),
    ),
    { maxItems: 10_000 },
  ),
  Refusal,
])
