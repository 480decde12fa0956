import type { KeyGrant } from '../../../shared/registry/project-keys.ts'

/** Who a request can come from, in the platform's own words (`type` of `GET /auth`). */
export type CallerKind = 'user' | 'device' | 'project key' | 'nobody'

/**
 * A row of the reference (seed 003). `by`: whose key it takes. `grant`: what a project key has to be allowed. `absent`: the
 * row set of the endpoint has a 404, so that what is not there, or not to be seen, is one; else both are 403.
 */
export type Endpoint = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly by: readonly CallerKind[]
  readonly grant?: KeyGrant
  readonly absent: 403 | 404
}

const ANYBODY = ['user', 'device', 'project key', 'nobody'] as const
const USER = ['user'] as const
const DEVICE = ['device'] as const
const KEY = ['project key'] as const
const USER_OR_KEY = ['user', 'project key'] as const
/** All that may know a device: research/mode_thethings_thingful.md 1.7. */
const HOLDER = ['user', 'project key', 'device'] as const

/** Every endpoint, in the order of the reference. Device key-values are of a later version, and all official clients use them. */
export const ENDPOINTS = {
  'create user': { method: 'POST', url: '/users', by: ANYBODY, absent: 403 },
  'get user': { method: 'GET', url: '/users/:userId', by: USER, absent: 404 },
  'update user': { method: 'PATCH', url: '/users/:userId', by: USER, absent: 404 },
  'delete user': { method: 'DELETE', url: '/users/:userId', by: USER, absent: 404 },

  'get homes': { method: 'GET', url: '/homes', by: USER_OR_KEY, absent: 403 },
  'create home': { method: 'POST', url: '/homes', by: USER, absent: 403 },
  'get home': { method: 'GET', url: '/homes/:homeId', by: USER_OR_KEY, absent: 404 },
  'update home': { method: 'PATCH', url: '/homes/:homeId', by: USER, absent: 404 },
  'delete home': { method: 'DELETE', url: '/homes/:homeId', by: USER, absent: 404 },
  'get members': { method: 'GET', url: '/homes/:homeId/members', by: USER_OR_KEY, absent: 403 },
  'add member': { method: 'POST', url: '/homes/:homeId/members', by: USER, absent: 403 },
  'get member': {
    method: 'GET',
    url: '/homes/:homeId/members/:userId',
    by: USER_OR_KEY,
    absent: 404,
  },
  'delete member': {
    method: 'DELETE',
    url: '/homes/:homeId/members/:userId',
    by: USER,
    absent: 404,
  },
  'get smart modules': {
    method: 'GET',
    url: '/homes/:homeId/smartModules',
    by: USER_OR_KEY,
    absent: 403,
  },
  'get smart module': {
    method: 'GET',
    url: '/homes/:homeId/smartModules/:moduleId',
    by: USER_OR_KEY,
    absent: 404,
  },
  'get key-values': { method: 'GET', url: '/homes/:homeId/kv', by: USER_OR_KEY, absent: 403 },
  'get key-value': { method: 'GET', url: '/homes/:homeId/kv/:key', by: USER_OR_KEY, absent: 404 },
  'delete key-value': {
    method: 'DELETE',
    url: '/homes/:homeId/kv/:key',
    by: USER_OR_KEY,
    grant: 'write-kv',
    absent: 404,
  },
  'set key-value': {
    method: 'PUT',
    url: '/homes/:homeId/kv/:key',
    by: USER_OR_KEY,
    grant: 'write-kv',
    absent: 404,
  },

  'send home event': {
    ...{ method: 'PUT', url: '/homes/:homeId/event' },
    ...{ by: KEY, grant: 'send-events', absent: 404 },
  },
  'provision device': {
    ...{ method: 'POST', url: '/homes/:homeId/deviceProvisioning' },
    ...{ by: USER, absent: 403 },
  },

  'get devices': { method: 'GET', url: '/devices', by: USER_OR_KEY, absent: 403 },
  'add device': { method: 'POST', url: '/devices', by: ANYBODY, absent: 403 },
  'get device': { method: 'GET', url: '/devices/:deviceId', by: HOLDER, absent: 404 },
  'update device': { method: 'PATCH', url: '/devices/:deviceId', by: USER, absent: 404 },
  'delete device': { method: 'DELETE', url: '/devices/:deviceId', by: USER, absent: 404 },
  'send command': {
    ...{ method: 'PUT', url: '/devices/:deviceId/command' },
    ...{ by: USER_OR_KEY, grant: 'send-commands', absent: 404 },
  },
  'receive commands': {
    ...{ method: 'GET', url: '/devices/:deviceId/command' },
    ...{ by: DEVICE, absent: 404 },
  },
  'send device event': {
    ...{ method: 'PUT', url: '/devices/:deviceId/event' },
    ...{ by: DEVICE, absent: 404 },
  },
  'set claim mode': { method: 'POST', url: '/deviceRegistration', by: DEVICE, absent: 403 },

  'get device key-values': { method: 'GET', url: '/devices/:deviceId/kv', by: HOLDER, absent: 403 },
  'get device key-value': {
    method: 'GET',
    url: '/devices/:deviceId/kv/:key',
    by: HOLDER,
    absent: 404,
  },
  'delete device key-value': {
    method: 'DELETE',
    url: '/devices/:deviceId/kv/:key',
    by: HOLDER,
    grant: 'write-kv',
    absent: 404,
  },
  'set device key-value': {
    method: 'PUT',
    url: '/devices/:deviceId/kv/:key',
    by: HOLDER,
    grant: 'write-kv',
    absent: 404,
  },

  'get auth': { method: 'GET', url: '/auth', by: ANYBODY, absent: 403 },
  'sign in': { method: 'POST', url: '/auth/user', by: ANYBODY, absent: 403 },
  'start sms': { method: 'POST', url: '/auth/user/sms', by: ANYBODY, absent: 403 },
  'verify email': { method: 'POST', url: '/auth/user/emailVerification', by: ANYBODY, absent: 403 },
  'start email verification': {
    method: 'POST',
    url: '/auth/user/emailVerification/start',
    by: ANYBODY,
    absent: 403,
  },
  'reset password': { method: 'POST', url: '/auth/user/passwordReset', by: ANYBODY, absent: 403 },
  'start password reset': {
    method: 'POST',
    url: '/auth/user/passwordReset/start',
    by: ANYBODY,
    absent: 403,
  },

  'get session': { method: 'GET', url: '/userSession', by: USER, absent: 404 },
  'listen to events': { method: 'GET', url: '/userSession/websocket', by: USER, absent: 404 },
  'end session': { method: 'DELETE', url: '/userSession', by: USER, absent: 404 },
} as const satisfies Record<string, Endpoint>

export type EndpointName = keyof typeof ENDPOINTS
