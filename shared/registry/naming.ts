import type { Log } from '../log.ts'
import type { DeviceId, ProjectId } from '../model/ids.ts'
import type { Device } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import type { Store } from '../store/port.ts'
import { put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import { namePlace } from './device-names.ts'

/** How far the names of a project are in order: behind a device, or all of them. Absent: nobody has begun. */
export type Named = { readonly after?: DeviceId; readonly isDone?: true }

/** What a project of today begins with: every device that it gets takes its place by itself. */
export const NAMED: Named = { isDone: true }

const AT_ONCE = 200
const PAGE = 500
/** How soon it is tried again when the store was away, ms. */
const AGAIN_MS = 10_000

/**
 * Puts the names of devices in order that were made before there was that order (`device-names.ts`), in steps: each is one
 * commit, which also says how far it is, so that any node goes on where another has stopped.
 */
export const createNaming = ({ store }: { readonly store: Store }, atOnce = AT_ONCE) => {
  /** One step. `true`: the project is done. */
  const step = (project: ProjectId): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const progress = await readOne<Named>(store, keys.named(project))
      if (progress.value?.isDone) return { result: true }
      const after = progress.value?.after
      const page = after === undefined ? { limit: atOnce } : { after, limit: atOnce }
      const ids = (await store.list(keys.devices(project), page)) as DeviceId[]
      const wanted = ids.map((id) => keys.device(project, id))
      const devices = await readMany<Device>(store, wanted)
      const last = ids.at(-1)
      const isDone = ids.length < atOnce || last === undefined
      return {
        result: isDone,
        change: {
          // A device that is renamed or removed meanwhile has its step done again.
          expect: [unchanged(progress), ...devices.map(unchanged)],
          put: [put(progress.key, isDone ? NAMED : { after: last })],
          add: devices.flatMap(({ value }) => (value === undefined ? [] : [namePlace(value)])),
        },
      }
    })

  /** Everything, in every project. `false`: it was stopped before. */
  const run = async (signal?: AbortSignal): Promise<boolean> => {
    let after: string | undefined
    for (;;) {
      const page = after === undefined ? { limit: PAGE } : { after, limit: PAGE }
      const projects = (await store.list(keys.projects(), page)) as ProjectId[]
      for (const project of projects)
        while (!(await step(project))) if (signal?.aborted) return false
      after = projects.at(-1)
      if (projects.length < PAGE) return true
    }
  }

  return { step, run }
}

/** Puts the names in order once, from now on, beside everything else. The answer ends it. Idempotent. */
export const keepNaming = (context: { readonly store: Store; readonly log: Log }) => {
  const { run } = createNaming(context)
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void>
  const begin = (): void => {
    round = run(stop.signal).then(
      () => undefined,
      (cause: unknown) => {
        context.log.debug({ err: cause }, 'the order of names waits for the store')
        if (stop.signal.aborted) return
        timer = setTimeout(begin, AGAIN_MS)
        timer.unref()
      },
    )
  }
  begin()
  return async (): Promise<void> => {
    stop.abort()
    clearTimeout(timer)
    await round
  }
}
