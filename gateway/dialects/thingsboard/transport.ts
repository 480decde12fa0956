import type { FastifyInstance } from 'fastify'
import {
  type ClaimInfoFault,
  claimInfoOf,
  THINGSBOARD_WINDOW,
} from '../../../shared/dialects/thingsboard.ts'
import { bodyOf, type Sent } from './body.ts'
import type { Room } from './room.ts'

/** What a device hears when its claim info cannot be read. Never what it sent: a secret may be in it. */
const WORDS: { readonly [F in ClaimInfoFault]: string } = {
  malformed: 'Malformed JSON',
  'wrong-type': '',
}

const readInfo = (body: Sent) => {
  switch (body.kind) {
    case 'nothing':
      return claimInfoOf({})
    case 'malformed':
      return 'malformed'
    case 'json':
      return claimInfoOf(body.value)
  }
}

/** The device transport over HTTP: research/thingsboard.md 1.2. The credential is in the path, so it is never logged. */
export const transportRoutes = (app: FastifyInstance, { registry, engine }: Room) => {
  app.post<{ Params: { accessToken: string } }>(
    '/v1/:accessToken/claim',
    async (request, reply) => {
      const device = await registry.devices.findByToken(request.params.accessToken)
      if (device === undefined) return reply.code(401).send()
      const info = readInfo(bodyOf(request))
      if (typeof info === 'string') return reply.code(500).type('text/plain').send(WORDS[info])
      // Refused or not, the device hears the same: there is no answer about claiming.
      await engine.offerWindow({
        project: device.project,
        device: device.id,
        ...info,
        rule: THINGSBOARD_WINDOW,
        via: 'thingsboard',
      })
      return reply.send()
    },
  )
}
