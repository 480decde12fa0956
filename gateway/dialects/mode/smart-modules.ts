import { isUuid } from '../../../shared/model/ids.ts'
import type { SeenWebhook } from '../../../shared/registry/webhooks.ts'
import { createAccess } from './access.ts'
import { time } from './replies.ts'
import type { Room } from './room.ts'

/** "Only public information such as description": seed 003. Never where it posts to. */
const moduleBody = ({ webhook }: SeenWebhook) => ({
  id: webhook.id,
  moduleType: 'webhooks',
  creationTime: time(webhook.createdAt),
  description: webhook.description,
  suspended: false,
  ...(webhook.events === undefined ? {} : { subscribedEvents: webhook.events }),
})

/** What a project offers to its homes: seed 003, Smart Modules. There is one kind: webhooks. */
export const smartModuleRoutes = (room: Room) => {
  const { registry, on } = room
  const { homeFor } = createAccess(room)

  on('get smart modules', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    if (home === undefined) return absent()
    return reply.send((await registry.webhooks.list(home.project)).map(moduleBody))
  })

  on('get smart module', async ({ caller, request, reply, absent }) => {
    const home = await homeFor(caller, request.params.homeId)
    if (home === undefined) return absent()
    const { moduleId = '' } = request.params
    const found = isUuid(moduleId) ? await registry.webhooks.get(home.project, moduleId) : undefined
    return found === undefined ? absent() : reply.send(moduleBody(found))
  })
}
