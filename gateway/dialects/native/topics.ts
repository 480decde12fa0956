import { Type } from 'typebox'
import * as message from '../../../shared/model/device-messages.ts'
import { CloudEventMessage } from '../../../shared/model/event-messages.ts'
import type { Channels } from '../../description/channel.ts'

/** Every topic of native MQTT, and the streams of events: CONTRACT 3. */
export const nativeChannels: Channels = {
  claim: {
    address: 'latchkey/v1/claim',
    by: 'device',
    summary: 'Open the claim window',
    body: message.ClaimWindow,
    answeredOn: 'claimResult',
  },
  link: {
    address: 'latchkey/v1/link',
    by: 'device',
    summary: 'Meet an account on a shared id',
    body: message.LinkId,
    answeredOn: 'claimResult',
  },
  code: {
    address: 'latchkey/v1/code',
    by: 'device',
    summary: 'Bring the code that an account made',
    body: message.Code,
    answeredOn: 'claimResult',
  },
  release: {
    address: 'latchkey/v1/release',
    by: 'device',
    summary: 'Give itself up, as after a factory reset',
    body: message.Nothing,
    answeredOn: 'claimResult',
  },
  events: {
    address: 'latchkey/v1/events',
    by: 'device',
    summary: 'Tell what happened; acknowledged when it is stored',
    body: message.DeviceEvent,
  },
  commandAck: {
    address: 'latchkey/v1/commands/{id}/ack',
    by: 'device',
    summary: 'Say that a command is done',
    body: message.CommandAnswer,
  },
  claimResult: {
    address: 'latchkey/v1/claim/result',
    by: 'latchkey',
    summary: 'What came of a half',
    body: message.ClaimResult,
  },
  owner: {
    address: 'latchkey/v1/owner',
    by: 'latchkey',
    summary: 'Whether somebody owns it',
    body: message.Ownership,
  },
  commands: {
    address: 'latchkey/v1/commands',
    by: 'latchkey',
    summary: 'Something to do; said again until it is acknowledged',
    body: message.CommandMessage,
  },
  gatewayClaims: {
    address: 'latchkey/v1/gateway/claims',
    by: 'gateway',
    summary: 'Open the windows of children',
    body: Type.Array(message.ChildWindow, { maxItems: 10_000 }),
    answeredOn: 'gatewayClaimsResult',
  },
  gatewayConnect: {
    address: 'latchkey/v1/gateway/connect',
    by: 'gateway',
    summary: 'Speak for a child from now on',
    body: message.Child,
  },
  gatewayDisconnect: {
    address: 'latchkey/v1/gateway/disconnect',
    by: 'gateway',
    summary: 'Speak for a child no longer',
    body: message.Child,
  },
  gatewayEvents: {
    address: 'latchkey/v1/gateway/events',
    by: 'gateway',
    summary: 'Tell what happened to children: one event, or a list',
    body: Type.Union([message.ChildEvent, Type.Array(message.ChildEvent, { maxItems: 10_000 })]),
  },
  gatewayCommandAck: {
    address: 'latchkey/v1/gateway/commands/{id}/ack',
    by: 'gateway',
    summary: 'Say that a command of a child is done',
    body: message.CommandAnswer,
  },
  gatewayClaimsResult: {
    address: 'latchkey/v1/gateway/claims/result',
    by: 'latchkey',
    summary: 'One outcome for each child, in order; one bad item harms no other',
    body: message.ChildResults,
  },
  gatewayCommands: {
    address: 'latchkey/v1/gateway/commands',
    by: 'latchkey',
    summary: 'Something for a child to do',
    body: message.ChildCommand,
  },
  provision: {
    address: 'latchkey/v1/provision',
    by: 'newcomer',
    summary: 'Come into being, by a token; the user name is provision',
    body: message.Token,
    answeredOn: 'provisionResult',
  },
  provisionResult: {
    address: 'latchkey/v1/provision/result',
    by: 'latchkey',
    summary: 'The new device and its credential',
    body: message.Provisioned,
  },
  eventStream: {
    address: '/latchkey/v1/events',
    by: 'latchkey',
    over: 'http',
    summary: 'Server-sent events: one CloudEvent in each, its id as the id',
    body: CloudEventMessage,
  },
  eventSocket: {
    address: '/latchkey/v1/events',
    by: 'latchkey',
    over: 'ws',
    summary: 'A WebSocket: one CloudEvent in each text message',
    body: CloudEventMessage,
  },
}
