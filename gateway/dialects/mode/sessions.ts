import { createAccess } from './access.ts'
import { time } from './replies.ts'
import type { Room } from './room.ts'

/** How long a user's key is good; the platform says nothing. */
export const SESSION_MS = 30 * 86_400_000

/** The session that a user's key belongs to: seed 003, User Session. */
export const sessionRoutes = (room: Room) => {
  const { registry, on } = room
  const { projectNumber } = createAccess(room)

  on('get session', async ({ caller, reply }) => {
    const { user, session } = caller
    return reply.send({
      userId: user.number,
      ...(session.app === undefined ? {} : { appId: session.app }),
      projectId: await projectNumber(caller),
      creationTime: time(session.createdAt),
    })
  })

  on('end session', async ({ caller, reply }) => {
    await registry.sessions.end(caller)
    return reply.code(204).send()
  })
}
