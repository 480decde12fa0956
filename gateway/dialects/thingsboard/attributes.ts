import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Device } from '../../../shared/model/records.ts'
import type { Attribute } from '../../../shared/registry/attributes.ts'
import { bodyOf, type Sent } from './body.ts'
import {
  CLAIMING_KEYS,
  type ClaimingData,
  claimingAttributesOf,
  claimingDataOf,
  withClaimingAllowed,
  withoutBoxKey,
} from './claiming-attributes.ts'
import { createDeviceAccess } from './device-access.ts'
import type { Room } from './room.ts'
import { SCOPES, type Scope, scopeOf } from './scopes.ts'

const Text = Type.String()
const KeysQuery = Type.Object({
  keys: Type.Optional(Text),
  key: Type.Optional(Type.Union([Text, Type.Array(Text)])),
})
type KeysQuery = Static<typeof KeysQuery>
type ByScope = FastifyRequest<{
  Params: { deviceId: string; scope: string }
  Querystring: KeysQuery
}>

/** The three forms there are, all to the same effect: research/thingsboard.md 1.5. */
const SAVE_PATHS = [
  '/DEVICE/:deviceId/:scope',
  '/DEVICE/:deviceId/attributes/:scope',
  '/:deviceId/:scope',
]
const REMOVE_PATHS = ['/DEVICE/:deviceId/:scope', '/:deviceId/:scope']
const LONGEST_KEY = 255

/** What a body asks to be set. */
type Wanted = {
  readonly values: ReadonlyMap<string, unknown>
  readonly data?: ClaimingData
  readonly allowed?: boolean
}

/** Reads a body, or says in the platform's words what is wrong with it. */
const wantedOf = (body: Sent, scope: Scope): Wanted | string => {
  if (body.kind !== 'json') return 'Invalid JSON'
  if (typeof body.value !== 'object' || body.value === null || Array.isArray(body.value))
    return 'Request is not a JSON object'
  const values = new Map<string, unknown>(Object.entries(body.value))
  if (values.size === 0) return 'No attributes data found in request body!'
  for (const [key, value] of values) {
    if (key.trim() === '') return 'Key cannot be blank'
    if (key.length > LONGEST_KEY) return 'Key is too long'
    if (value === null) return "Can't parse value: null"
  }
  const given = values.get(CLAIMING_KEYS.data)
  // Elsewhere it is of no use and would lie there in clear.
  if (scope !== 'SERVER_SCOPE') return given === undefined ? { values } : 'Invalid claimingData'
  const data = given === undefined ? undefined : claimingDataOf(given)
  if (given !== undefined && data === undefined) return 'Invalid claimingData'
  const allowed = values.get(CLAIMING_KEYS.allowed)
  for (const key of Object.values(CLAIMING_KEYS)) values.delete(key)
  return {
    values,
    ...(data === undefined ? {} : { data }),
    ...(allowed === undefined ? {} : { allowed: allowed === true }),
  }
}

/** `keys=a,b`, or since 4.4 `key=a&key=b`, which goes before it. */
const keysOf = ({ keys = '', key }: KeysQuery): ReadonlySet<string> => {
  const given = key === undefined ? keys.split(',') : [key].flat()
  return new Set(given.filter((name) => name !== ''))
}

const bodyOfAttribute = ({ key, value, updatedAt }: Attribute) => ({
  lastUpdateTs: updatedAt,
  key,
  value,
})

/** Attributes of devices. Those about claiming are the maker's half of a claim: research/thingsboard.md 1.5. */
export const attributeRoutes = (app: FastifyInstance, room: Room) => {
  const { registry, engine, guards, refuse } = room
  const { attributes, devices } = registry
  const withDevice = createDeviceAccess(room)
  const schema = { querystring: KeysQuery }

  /** The platform says this in plain text. */
  const sayWrong = (reply: FastifyReply, words: string) =>
    reply.code(400).type('text/plain').send(words)

  const writableScope = (word: string) => {
    const scope = scopeOf(word)
    return scope === 'CLIENT_SCOPE' ? undefined : scope
  }

  const save = async ({ project, id }: Device, scope: Scope, wanted: Wanted) => {
    const { data, allowed, values } = wanted
    if (values.size > 0 && (await attributes.save(project, id, scope, values)) === 'too-much')
      return 'too-much'
    if (data !== undefined) await engine.offerBoxKey(project, id, data.secret, data.expiresAt)
    if (allowed !== undefined) await devices.change(project, id, withClaimingAllowed(allowed))
    return 'saved'
  }

  for (const path of SAVE_PATHS)
    app.post(path, { onRequest: guards.tenant }, async (request: ByScope, reply) => {
      const scope = writableScope(request.params.scope)
      if (scope === undefined) return sayWrong(reply, 'Invalid scope')
      const wanted = wantedOf(bodyOf(request), scope)
      if (typeof wanted === 'string') return sayWrong(reply, wanted)
      return withDevice(request, reply, request.params.deviceId, async (device) =>
        (await save(device, scope, wanted)) === 'saved'
          ? reply.send()
          : sayWrong(reply, 'Too many attributes'),
      )
    })

  const remove = async ({ project, id }: Device, scope: Scope, gone: ReadonlySet<string>) => {
    if (scope === 'SERVER_SCOPE') {
      if (gone.has(CLAIMING_KEYS.data)) await devices.change(project, id, withoutBoxKey)
      if (gone.has(CLAIMING_KEYS.allowed))
        await devices.change(project, id, withClaimingAllowed(false))
    }
    await attributes.remove(project, id, scope, gone)
  }

  for (const path of REMOVE_PATHS)
    app.delete(path, { schema, onRequest: guards.tenant }, async (request: ByScope, reply) => {
      const scope = scopeOf(request.params.scope)
      const gone = keysOf(request.query)
      if (scope === undefined) return sayWrong(reply, 'Invalid scope')
      if (gone.size === 0) return sayWrong(reply, 'Empty keys: []')
      return withDevice(request, reply, request.params.deviceId, async (device) => {
        await remove(device, scope, gone)
        return reply.send()
      })
    })

  const valuesOf = async (device: Device, scope: Scope, wanted: ReadonlySet<string>) => {
    const claiming = scope === 'SERVER_SCOPE' ? claimingAttributesOf(device) : []
    const stored = await attributes.list(device.project, device.id, scope)
    return [...claiming, ...stored]
      .filter(({ key }) => wanted.size === 0 || wanted.has(key))
      .map(bodyOfAttribute)
  }

  app.get(
    '/DEVICE/:deviceId/values/attributes/:scope',
    { schema, onRequest: guards.user },
    async (request: ByScope, reply) => {
      const scope = scopeOf(request.params.scope)
      if (scope === undefined) return refuse(reply, 'bad-request', { message: 'Invalid scope' })
      return withDevice(request, reply, request.params.deviceId, (device) =>
        valuesOf(device, scope, keysOf(request.query)),
      )
    },
  )

  app.get(
    '/DEVICE/:deviceId/values/attributes',
    { schema, onRequest: guards.user },
    async (request: ByScope, reply) =>
      withDevice(request, reply, request.params.deviceId, async (device) => {
        const wanted = keysOf(request.query)
        const all = await Promise.all(SCOPES.map((scope) => valuesOf(device, scope, wanted)))
        return all.flat()
      }),
  )
}
