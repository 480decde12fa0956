import { audited } from '../audit/line.ts'
import type { ProjectId } from '../model/ids.ts'
import type { Project } from '../model/records.ts'
import { keys } from '../store/keys.ts'
import { put, readMany, readOne, transact, unchanged } from '../store/transact.ts'
import type { Progress, Webhook } from '../webhooks/records.ts'
import type { RegistryContext } from './context.ts'

/** The wake-up: a webhook has been made. */
export const WEBHOOKS_CHANNEL = 'webhooks'
/** The longest name of a type of events. */
export const EVENT_TYPE_LENGTH = 255
/** How many a project may have. */
export const MOST_WEBHOOKS = 10

export type NewWebhook = Pick<Webhook, 'project' | 'url' | 'description'> & {
  readonly events?: readonly string[] | undefined
}

/** A webhook and how it goes. */
export type SeenWebhook = { readonly webhook: Webhook; readonly progress: Progress | undefined }

/** Webhooks of projects. The key of one is derived, so that the store has nothing that signs. */
export const createWebhooks = ({ store, digests, now, newId }: RegistryContext) => {
  /** From now on: what has happened before is not told. `'too-many'`: the project has ten. */
  const create = async ({
    project,
    url,
    description,
    events,
  }: NewWebhook): Promise<{ webhook: Webhook; key: string } | 'too-many' | 'unknown'> => {
    const made = await transact<Webhook | 'too-many' | 'unknown'>(store, async () => {
      const space = await readOne<Project>(store, keys.project(project))
      if (space.value === undefined) return { result: 'unknown' }
      const index = keys.webhooks(project)
      const present = await store.list(index, { limit: MOST_WEBHOOKS })
      if (present.length >= MOST_WEBHOOKS) return { result: 'too-many' }
      const [newest] = await store.last(keys.events(project), 1)
      const wanted = events === undefined ? {} : { events }
      const id = newId()
      const webhook: Webhook = { id, project, url, description, ...wanted, createdAt: now() }
      const place = newest === undefined ? {} : { place: newest.place }
      const progress: Progress = { ...place, tries: 0, dueAt: now() }
      // First where it is looked for.
      await store.commit({ add: [{ index: keys.projectsWithWebhooks(), member: project }] })
      return {
        result: webhook,
        change: {
          expect: [unchanged(space)],
          put: [
            put(keys.webhook(project, id), webhook),
            put(keys.webhookProgress(project, id), progress),
          ],
          add: [{ index, member: id }],
          append: [audited({ at: now(), project, type: 'webhook.made', what: id })],
        },
      }
    })
    if (typeof made === 'string') return made
    await store.announce(WEBHOOKS_CHANNEL, project).catch(() => undefined)
    return { webhook: made, key: digests.webhookKey(made.id) }
  }

  const list = async (project: ProjectId): Promise<SeenWebhook[]> => {
    const ids = await store.list(keys.webhooks(project), { limit: MOST_WEBHOOKS })
    const records = await readMany<Webhook | Progress>(
      store,
      ids.flatMap((id) => [keys.webhook(project, id), keys.webhookProgress(project, id)]),
    )
    return ids.flatMap((_, place) => {
      const webhook = records[2 * place]?.value as Webhook | undefined
      const progress = records[2 * place + 1]?.value as Progress | undefined
      return webhook === undefined ? [] : [{ webhook, progress }]
    })
  }

  const get = async (project: ProjectId, id: string): Promise<SeenWebhook | undefined> => {
    const wanted = [keys.webhook(project, id), keys.webhookProgress(project, id)]
    const [webhook, progress] = await readMany<unknown>(store, wanted)
    return webhook?.value === undefined
      ? undefined
      : {
          webhook: webhook.value as Webhook,
          progress: progress?.value as Progress | undefined,
        }
  }

  /** `false`: there is none of that id. */
  const remove = (project: ProjectId, id: string): Promise<boolean> =>
    transact<boolean>(store, async () => {
      const webhook = await readOne<Webhook>(store, keys.webhook(project, id))
      if (webhook.value === undefined) return { result: false }
      return {
        result: true,
        change: {
          expect: [unchanged(webhook)],
          remove: [webhook.key, keys.webhookProgress(project, id)],
          drop: [{ index: keys.webhooks(project), member: id }],
          append: [audited({ at: now(), project, type: 'webhook.removed', what: id })],
        },
      }
    })

  return { create, get, list, remove }
}

export type Webhooks = ReturnType<typeof createWebhooks>
