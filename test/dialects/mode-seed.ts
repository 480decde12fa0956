/** Whose key an endpoint takes, in the words of seed 003 ("Authorization"). */
export type Key =
  | 'the matching user'
  | 'a user'
  | 'a user or project'
  | 'a project with permission to send events'
  | 'a project, user or device'
  | 'the matching device'
  | 'any'
  | 'a user, where the device is pre-provisioned'
  | 'a project that may handle BYOU, in BYOU projects only'
  | 'none'

/** One endpoint of seed 003: its method and path, whose key it takes, and the codes of its table but for 500 and 503. */
export type SeedRow = readonly [endpoint: string, key: Key, codes: readonly number[]]

/** Every endpoint of seed 003, in its order. */
export const SEED: readonly SeedRow[] = [
  ['POST /users', 'a project that may handle BYOU, in BYOU projects only', [201, 403]],
  ['GET /users/{userId}', 'the matching user', [200, 401, 403, 404]],
  ['PATCH /users/{userId}', 'the matching user', [204, 401, 403, 404]],
  ['DELETE /users/{userId}', 'the matching user', [204, 401, 403, 404]],
  ['GET /homes', 'a user or project', [200, 401, 403]],
  ['POST /homes', 'a user', [201, 401, 403]],
  ['GET /homes/{homeId}', 'a user or project', [200, 401, 403, 404]],
  ['PATCH /homes/{homeId}', 'a user', [204, 401, 403, 404]],
  ['DELETE /homes/{homeId}', 'a user', [204, 401, 403, 404]],
  ['GET /homes/{homeId}/members', 'a user or project', [200, 401, 403]],
  ['POST /homes/{homeId}/members', 'a user', [201, 401, 403]],
  ['GET /homes/{homeId}/members/{userId}', 'a user or project', [200, 401, 403, 404]],
  ['DELETE /homes/{homeId}/members/{userId}', 'a user', [204, 401, 403, 404]],
  ['GET /homes/{homeId}/smartModules', 'a user or project', [200, 401, 403]],
  ['GET /homes/{homeId}/smartModules/{moduleId}', 'a user or project', [200, 401, 403, 404]],
  ['PUT /homes/{homeId}/event', 'a project with permission to send events', [204, 401, 403, 404]],
  ['POST /homes/{homeId}/deviceProvisioning', 'a user', [200, 401, 403]],
  ['GET /homes/{homeId}/kv', 'a user or project', [200, 401, 403]],
  ['GET /homes/{homeId}/kv/{key}', 'a user or project', [200, 401, 403, 404]],
  ['DELETE /homes/{homeId}/kv/{key}', 'a user or project', [204, 401, 403, 404]],
  ['PUT /homes/{homeId}/kv/{key}', 'a user or project', [204, 401, 403, 404]],
  ['GET /devices', 'a user or project', [200, 401, 403]],
  ['POST /devices', 'a user, where the device is pre-provisioned', [201, 401, 403]],
  ['GET /devices/{deviceId}', 'a project, user or device', [200, 401, 403, 404]],
  ['PATCH /devices/{deviceId}', 'a user', [204, 401, 403, 404]],
  ['DELETE /devices/{deviceId}', 'a user', [204, 401, 403, 404]],
  ['PUT /devices/{deviceId}/command', 'a user or project', [204, 401, 403, 404]],
  ['GET /devices/{deviceId}/command', 'the matching device', [101, 401, 403, 404]],
  ['PUT /devices/{deviceId}/event', 'the matching device', [204, 401, 403, 404]],
  ['GET /auth', 'any', [200]],
  ['POST /auth/user', 'a project that may handle BYOU, in BYOU projects only', [200, 401, 403]],
  ['POST /auth/user/sms', 'none', [200, 401, 403]],
  ['POST /auth/user/emailVerification', 'none', [200, 401, 403]],
  ['POST /auth/user/emailVerification/start', 'none', [200, 401, 403]],
  ['POST /auth/user/passwordReset', 'none', [200, 401, 403]],
  ['POST /auth/user/passwordReset/start', 'none', [200, 401, 403]],
  ['POST /deviceRegistration', 'the matching device', [200, 401, 403]],
  ['GET /userSession', 'a user', [200, 401, 403, 404]],
  ['DELETE /userSession', 'a user', [204, 401, 403, 404]],
  ['GET /userSession/websocket', 'a user', [101, 401, 403, 404]],
]

/** What a project key has to be granted for it: CONTRACT 6, MODE. */
export const GRANT_OF: Readonly<Record<string, string>> = {
  'PUT /homes/{homeId}/event': 'send-events',
  'DELETE /homes/{homeId}/kv/{key}': 'write-kv',
  'PUT /homes/{homeId}/kv/{key}': 'write-kv',
  'PUT /devices/{deviceId}/command': 'send-commands',
}
