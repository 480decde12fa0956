import type { DeviceId, ProjectId } from '../shared/model/ids.ts'
import type { Notice } from '../shared/model/records.ts'
import { keys } from '../shared/store/keys.ts'
import type { Connection } from './connection.ts'
import type { BrokerContext, MqttDialect } from './dialect.ts'

const CHANNEL = 'notices'
const AT_ONCE = 500
/** A wake-up may be lost; the outbox is looked through this often at the latest. */
const SWEEP_MS = 2000

type Options = {
  readonly context: BrokerContext
  /** Who is connected here as a device, or speaks for it. */
  readonly holdersOf: (device: DeviceId) => readonly Connection[]
  readonly dialects: readonly MqttDialect[]
}

/**
 * Hands ownership notices over to the devices that are connected here. They lie in the store until they are a
 * day old; who connects later is told the present state instead.
 */
export const createOutbox = ({ context, holdersOf, dialects }: Options) => {
  const { store, registry, log } = context
  /** How far each project was read; absent before its first device connects here. */
  const places = new Map<ProjectId, string | undefined>()
  const running = new Map<ProjectId, Promise<void>>()

  /** From the connection of a project's first device on. */
  const follow = async (project: ProjectId): Promise<void> => {
    if (places.has(project)) return
    const [newest] = await store.last(keys.notices(project), 1)
    if (!places.has(project)) places.set(project, newest?.place)
  }

  const tell = async (notice: Notice, connection: Connection) => {
    const device = await registry.devices.get(connection.project, notice.device)
    if (device === undefined) return
    for (const { onNotice } of dialects) await onNotice?.(context, connection, notice, device)
  }

  const readOn = async (project: ProjectId): Promise<void> => {
    for (;;) {
      const lines = await store.tail(keys.notices(project), places.get(project), AT_ONCE)
      for (const { place, item } of lines) {
        const notice = JSON.parse(item) as Notice
        for (const connection of holdersOf(notice.device)) await tell(notice, connection)
        places.set(project, place)
      }
      if (lines.length < AT_ONCE) return
    }
  }

  /** One reader for each project; a wake-up during a reading makes it read again. */
  const wake = (project: ProjectId): void => {
    if (!places.has(project)) return
    const before = running.get(project) ?? Promise.resolve()
    const next = before
      .then(() => readOn(project))
      .catch((cause: unknown) => log.warn({ err: cause, project }, 'notices wait for the store'))
      .finally(() => {
        if (running.get(project) === next) running.delete(project)
      })
    running.set(project, next)
  }

  const start = async () => {
    const unwatch = await store.watch(CHANNEL, (project) => wake(project as ProjectId))
    const timer = setInterval(() => {
      for (const project of places.keys()) if (!running.has(project)) wake(project)
    }, SWEEP_MS)
    timer.unref()
    return async () => {
      clearInterval(timer)
      await unwatch()
    }
  }

  return { follow, start }
}

export type Outbox = ReturnType<typeof createOutbox>
