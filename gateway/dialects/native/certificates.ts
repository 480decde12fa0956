import { X509Certificate } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { CERTIFICATE_DIGEST, normalDigest } from '../../../shared/registry/certificates.ts'
import { callerOf, type Guards } from '../../auth.ts'
import type { GatewayContext } from '../../context.ts'
import { sendProblem } from '../../problem.ts'
import { deviceFor } from './device-access.ts'
import { IdParams } from './shapes.ts'

const strict = { additionalProperties: false } as const

const Certificate = Type.Union([
  Type.Object({ pem: Type.String({ minLength: 1, maxLength: 32_768 }) }, strict),
  Type.Object({ sha256: Type.String({ pattern: CERTIFICATE_DIGEST.source }) }, strict),
])
type Body = Static<typeof Certificate>
type Params = Static<typeof IdParams>

/** The digest that a body stands for; `undefined`: its PEM is no certificate. */
const digestOf = (body: Body): string | undefined => {
  if ('sha256' in body) return normalDigest(body.sha256)
  try {
    return normalDigest(new X509Certificate(body.pem).fingerprint256)
  } catch {
    return undefined
  }
}

const unknownDevice = (reply: FastifyReply) =>
  sendProblem(reply, { status: 404, reason: 'device-unknown' })

/** The X.509 certificate by which a device is known on MQTT over TLS. Only for its maker. */
export const certificateRoutes = (
  app: FastifyInstance,
  { registry }: GatewayContext,
  guards: Guards,
) => {
  app.put<{ Params: Params; Body: Body }>(
    '/devices/:id/certificate',
    { schema: { params: IdParams, body: Certificate }, onRequest: guards.maker },
    async (request, reply) => {
      const device = await deviceFor(registry, callerOf(request).user, request.params.id)
      if (device === undefined) return unknownDevice(reply)
      const sha256 = digestOf(request.body)
      if (sha256 === undefined)
        return sendProblem(reply, {
          status: 400,
          reason: 'bad-request',
          errors: [{ path: '/pem', message: 'must be an X.509 certificate in PEM' }],
        })
      const outcome = await registry.certificates.set(device.project, device.id, sha256)
      if (outcome === undefined) return unknownDevice(reply)
      if (outcome === 'name-taken') return sendProblem(reply, { status: 409, reason: 'name-taken' })
      return reply.send({ sha256 })
    },
  )

  app.delete<{ Params: Params }>(
    '/devices/:id/certificate',
    { schema: { params: IdParams }, onRequest: guards.maker },
    async (request, reply) => {
      const device = await deviceFor(registry, callerOf(request).user, request.params.id)
      if (device === undefined) return unknownDevice(reply)
      await registry.certificates.set(device.project, device.id, undefined)
      return reply.code(204).send()
    },
  )
}
