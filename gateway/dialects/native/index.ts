import { createGuards } from '../../auth.ts'
import type { HttpDialect } from '../../context.ts'
import { honourIdempotencyKeys } from '../../idempotency.ts'
import { activationCodeRoutes } from './activation-codes.ts'
import { certificateRoutes } from './certificates.ts'
import { claimCodeRoutes } from './claim-codes.ts'
import { claimRoutes } from './claims.ts'
import { commandRoutes } from './commands.ts'
import { deviceRoutes } from './devices.ts'
import { eventRoutes } from './events.ts'
import { homeRoutes } from './homes.ts'
import { oauthClientRoutes } from './oauth-clients.ts'
import { projectRoutes } from './projects.ts'
import { provisioningTokenRoutes } from './provisioning-tokens.ts'
import { sessionRoutes } from './sessions.ts'
import { transferRoutes } from './transfers.ts'
import { userRoutes } from './users.ts'
import { webhookRoutes } from './webhooks.ts'

/** Our own API: CONTRACT 2. */
export const native: HttpDialect = {
  name: 'latchkey',
  routes: (context) => async (app) => {
    await app.register(
      async (v1) => {
        // JSON and nothing else: what a form or an <img> can send gets 415 (research/security.md S99).
        v1.removeContentTypeParser('text/plain')
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
          commandRoutes,
          eventRoutes,
          certificateRoutes,
          activationCodeRoutes,
          claimRoutes,
          claimCodeRoutes,
          provisioningTokenRoutes,
          oauthClientRoutes,
          transferRoutes,
          webhookRoutes,
        ])
          routes(v1, context, guards)
      },
      { prefix: '/latchkey/v1' },
    )
  },
}
