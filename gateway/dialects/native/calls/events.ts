import { Type } from 'typebox'
import { CloudEventMessage } from '../../../../shared/model/event-messages.ts'
import type { Calls } from '../../../description/call.ts'
import { Epoch, exactly, Id, listOf, oneOf, optional, pageOf, Shown, Text, Time } from './shapes.ts'

export const Command = exactly({
  id: Id,
  device: Id,
  action: Text,
  state: oneOf(['queued', 'sent', 'acknowledged', 'expired', 'dropped']),
  epoch: Epoch,
  createdAt: Time,
  expiresAt: Time,
  sentAt: optional(Time),
  acknowledgedAt: optional(Time),
  result: optional(Type.Unknown({ description: 'What the device answered' })),
})
export const Webhook = exactly({
  id: Id,
  url: Text,
  description: Text,
  events: optional(Type.Array(Text)),
  createdAt: Time,
  failing: optional(
    exactly(
      { tries: Type.Integer({ minimum: 0 }), cause: Text },
      'Present while it cannot be told',
    ),
  ),
})
const EventPage = pageOf(CloudEventMessage)

/** Commands to devices, and what devices and claims have apps hear. */
export const eventCalls = {
  giveCommand: {
    on: 'POST /latchkey/v1/devices/:id/commands',
    topic: 'Commands and events',
    summary: 'Have a device do something',
    about: 'It waits for the device until `ttlMs` is over, or the device changes hands.',
    by: 'user or key',
    answers: {
      202: {
        is: 'Stored',
        body: exactly({ id: Id, state: oneOf(['queued', 'sent']), expiresAt: Time }),
        hasLocation: true,
      },
    },
    problems: [403, 404, 429],
  },
  readCommand: {
    on: 'GET /latchkey/v1/devices/:id/commands/:command',
    topic: 'Commands and events',
    summary: 'What became of a command',
    by: 'user',
    answers: { 200: { is: 'The command', body: Command } },
    problems: [404],
  },
  listDeviceEvents: {
    on: 'GET /latchkey/v1/devices/:id/events',
    topic: 'Commands and events',
    summary: 'What happened to a device',
    about: 'Oldest first, behind `after`. With `waitMs` an empty page waits for the next event.',
    by: 'user',
    answers: { 200: { is: 'A page', body: EventPage } },
    problems: [404],
  },
  hearEvents: {
    on: 'GET /latchkey/v1/events',
    topic: 'Commands and events',
    summary: 'Everything that I may hear of, live',
    about:
      'Server-sent events, going on behind `Last-Event-ID` or `after`; a long poll with `waitMs` or `Accept: application/json`; ' +
      'a WebSocket with an Upgrade. Browsers come with a ticket. See /asyncapi.json.',
    by: 'user or ticket',
    answers: {
      200: {
        is: 'A page of the long poll, or the stream',
        body: EventPage,
        stream: 'text/event-stream',
      },
    },
    problems: [404],
  },
  makeTicket: {
    on: 'POST /latchkey/v1/tickets',
    topic: 'Commands and events',
    summary: 'Make a ticket for a stream that a browser opens',
    about: 'Good once, for a minute.',
    by: 'user',
    answers: { 201: { is: 'Made', body: exactly({ ticket: Shown, expiresAt: Time }) } },
  },
  makeWebhook: {
    on: 'POST /latchkey/v1/webhooks',
    topic: 'Commands and events',
    summary: 'Have events posted to an address',
    by: 'maker',
    answers: {
      201: {
        is: 'Made; `key` signs what is posted',
        body: exactly({ ...Webhook.properties, key: Shown }),
      },
    },
    problems: [404, 409],
  },
  listWebhooks: {
    on: 'GET /latchkey/v1/webhooks',
    topic: 'Commands and events',
    summary: 'The webhooks of a project',
    by: 'maker',
    answers: { 200: { is: 'All of them', body: listOf(Webhook) } },
    problems: [404],
  },
  removeWebhook: {
    on: 'DELETE /latchkey/v1/webhooks/:id',
    topic: 'Commands and events',
    summary: 'End a webhook',
    by: 'maker',
    answers: { 204: { is: 'Ended' } },
    problems: [404],
  },
} as const satisfies Calls
