import type { IncomingMessage } from 'node:http'
import { commandBody } from '../../../shared/dialects/mode.ts'
import { createDeviceEvents } from '../../../shared/dialects/mode-events.ts'
import type { Happening } from '../../../shared/model/events.ts'
import { sessionRef } from '../../../shared/registry/sessions.ts'
import { audienceOf } from '../../audience.ts'
import type { Outlet, Welcome } from '../../live-socket.ts'
import { keyOf, type UserCaller } from './callers.ts'
import { numberOf } from './form.ts'
import type { Room } from './room.ts'

const COMMANDS = /^\/devices\/([^/]+)\/command$/
const EVENTS = '/userSession/websocket'
/** Events that wait to be written to one socket. */
const MOST_WAITING = 1000

/** A library that cannot set a header gives the key behind the question mark: seed 003. */
const keyIn = ({ headers }: IncomingMessage, { searchParams }: URL): string | undefined =>
  keyOf(headers.authorization) ?? searchParams.get('authToken') ?? undefined

/** The platform's two WebSockets: seed 003, Receive Commands and Listen to Events. */
export const openSockets = (room: Room) => {
  const { registry, live, listeners, sockets, whoCalls } = room
  const events = createDeviceEvents(registry)

  const deviceSocket = async (request: IncomingMessage, url: URL): Promise<Welcome | number> => {
    const key = keyIn(request, url)
    const caller = await whoCalls(key)
    if (caller.kind === 'nobody' || key === undefined) return 401
    if (caller.kind !== 'device') return 403
    const { device } = caller
    if (numberOf(COMMANDS.exec(url.pathname)?.[1]) !== device.number) return 404
    const { socket } = request
    const write = (command: Parameters<typeof commandBody>[0]) =>
      JSON.stringify(commandBody(command))
    return (await listeners.open({ device, token: key, socket, write })) ?? 401
  }

  /** Writes in the order of the events; each is put into words first. `false`: too many wait. */
  const inWords = (outlet: Outlet, project: UserCaller['user']['project']) => {
    let waiting = 0
    let last = Promise.resolve()
    const write = async (happening: Happening) => {
      const body = await events.bodyOf(project, happening)
      if (body !== undefined && !outlet.send(JSON.stringify(body)))
        outlet.end(1008, 'does not read')
    }
    return (happening: Happening): boolean => {
      waiting += 1
      last = last
        .then(() => write(happening))
        .catch(() => outlet.end(1011, 'not available'))
        .finally(() => {
          waiting -= 1
        })
      return waiting <= MOST_WAITING
    }
  }

  const listen = async (
    caller: UserCaller,
    { socket }: IncomingMessage,
  ): Promise<Welcome | number> => {
    const { project, id } = caller.user
    const ref = sessionRef(caller)
    let outlet: Outlet | undefined
    let say: (happening: Happening) => boolean = () => true
    const stream = await live.open({
      project,
      user: id,
      audience: async () => {
        const present = await registry.sessions.resume(ref)
        return present === undefined ? undefined : audienceOf(room, present.user)
      },
      say: (happening) => say(happening),
      end: (why) => outlet?.end(why === 'over' ? 1008 : 1001, why),
    })
    if (stream === 'not-permitted') return 401
    if (typeof stream === 'string') return 503
    socket.once('close', stream.close)
    if (socket.destroyed) stream.close()
    return (opened) => {
      outlet = opened
      say = inWords(opened, project)
      stream.begin()
    }
  }

  const userSocket = async (request: IncomingMessage, url: URL): Promise<Welcome | number> => {
    const caller = await whoCalls(keyIn(request, url))
    if (caller.kind === 'nobody') return 401
    if (caller.kind !== 'user') return 403
    const project = await registry.projects.get(caller.user.project)
    // "This API call is not allowed for BYOU projects": seed 003.
    if (project === undefined || project.accounts === 'byou') return 403
    return listen(caller, request)
  }

  sockets.add({ isMine: ({ pathname }) => COMMANDS.test(pathname), admit: deviceSocket })
  sockets.add({ isMine: ({ pathname }) => pathname === EVENTS, admit: userSocket })
}
