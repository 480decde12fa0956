import { createGuards } from '../../auth.ts'
import type { HttpDialect } from '../../context.ts'
import { honourIdempotencyKeys } from '../../idempotency.ts'
import { activationCodeRoutes } from './activation-codes.ts'
import { auditRoutes } from './audit.ts'
import { readBodies } from './body.ts'
import { nativeCalls, nativeShapes } from './calls/index.ts'
import { certificateRoutes } from './certificates.ts'
import { claimCodeRoutes } from './claim-codes.ts'
import { claimRoutes } from './claims.ts'
import { commandRoutes } from './commands.ts'
import { deviceRoutes } from './devices.ts'
import { eventRoutes } from './events.ts'
import { fleetRoutes } from './fleet.ts'
import { homeRoutes } from './homes.ts'
import { importRoutes } from './imports.ts'
import { letterRoutes } from './letters.ts'
import { oauthClientRoutes } from './oauth-clients.ts'
import { operationRoutes } from './operations.ts'
import { passwordResetRoutes } from './password-resets.ts'
import { peopleRoutes } from './people.ts'
import { projectCareRoutes } from './project-care.ts'
import { projectRoutes } from './projects.ts'
import { provisioningTokenRoutes } from './provisioning-tokens.ts'
import { sessionRoutes } from './sessions.ts'
import { statisticsRoutes } from './statistics.ts'
import { nativeChannels } from './topics.ts'
import { transferRoutes } from './transfers.ts'
import { userRoutes } from './users.ts'
import { webhookRoutes } from './webhooks.ts'

/** Our own API: CONTRACT 2. */
export const native: HttpDialect = {
  name: 'latchkey',
  described: { calls: nativeCalls, channels: nativeChannels, shapes: nativeShapes },
  routes: (context) => async (app) => {
    await app.register(
      async (v1) => {
        readBodies(v1)
        const guards = createGuards(context.registry)
        honourIdempotencyKeys(v1, {
          store: context.store,
          replyKey: context.digests.replyKey,
          now: context.now,
        })
        for (const routes of [
          sessionRoutes,
          userRoutes,
          homeRoutes,
          projectRoutes,
          deviceRoutes,
          importRoutes,
          operationRoutes,
          commandRoutes,
          eventRoutes,
          certificateRoutes,
          activationCodeRoutes,
          claimRoutes,
          claimCodeRoutes,
          provisioningTokenRoutes,
          oauthClientRoutes,
          transferRoutes,
          letterRoutes,
          passwordResetRoutes,
          webhookRoutes,
          auditRoutes,
          fleetRoutes,
          peopleRoutes,
          projectCareRoutes,
          statisticsRoutes,
        ])
          routes(v1, context, guards)
      },
      { prefix: '/latchkey/v1' },
    )
  },
}
