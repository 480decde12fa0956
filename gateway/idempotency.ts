import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { lookupDigest } from '../shared/guard/digests.ts'
import { seal, unseal } from '../shared/guard/seal.ts'
import type { ProjectId } from '../shared/model/ids.ts'
import { keys } from '../shared/store/keys.ts'
import type { Store } from '../shared/store/port.ts'
import { put, readOne } from '../shared/store/transact.ts'
import { sendProblem } from './problem.ts'

/** How long an equal request gets the same answer. */
export const KEPT_MS = 86_400_000
/** How long a request may take before an equal one is let through again. */
const IN_FLIGHT_MS = 30_000
const LONGEST_KEY = 255

type Kept = {
  readonly request: string
  readonly until: number
  readonly status?: number
  readonly location?: string
  readonly type?: string
  /** The body, sealed: it may hold a credential that is shown once. */
  readonly sealed?: string
}

type Running = { readonly project: ProjectId; readonly scope: string; readonly request: string }

declare module 'fastify' {
  interface FastifyRequest {
    idempotent: Running | null
  }
}

type Options = { readonly store: Store; readonly replyKey: Uint8Array; readonly now: () => number }

const requestDigest = (request: FastifyRequest) =>
  createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest('base64url')

/** A stranger's key is his only together with his request: two strangers never meet in one key. */
const scopeOf = (request: FastifyRequest, key: string, digest: string): Running => {
  const user = request.signedIn?.user
  return user === undefined
    ? { project: 'anyone' as ProjectId, scope: lookupDigest(`${key}\n${digest}`), request: digest }
    : { project: user.project, scope: lookupDigest(`${user.id}\n${key}`), request: digest }
}

const isKept = (status: number) => status < 500 && status !== 429

/**
 * `Idempotency-Key` on every POST of a plugin: the same request again gets the same answer for 24 h, another one
 * under the same key 422, an equal one in flight 409. 429 and 5xx are not kept.
 */
export const honourIdempotencyKeys = (app: FastifyInstance, { store, replyKey, now }: Options) => {
  app.decorateRequest('idempotent', null)

  const replay = (reply: FastifyReply, kept: Kept) => {
    if (kept.status === undefined || kept.sealed === undefined)
      return sendProblem(reply, {
        status: 409,
        reason: 'bad-request',
        detail: 'An equal request is being worked on.',
        retryAfterMs: 1000,
      })
    if (kept.location !== undefined) reply.header('location', kept.location)
    reply.header('idempotent-replayed', 'true').header('cache-control', 'no-store')
    return reply
      .code(kept.status)
      .type(kept.type ?? 'application/json')
      .send(unseal(replyKey, kept.sealed).toString('utf8'))
  }

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key']
    if (request.method !== 'POST' || key === undefined) return
    if (typeof key !== 'string' || key === '' || key.length > LONGEST_KEY)
      return sendProblem(reply, {
        status: 400,
        reason: 'bad-request',
        detail: 'Idempotency-Key has 1 to 255 characters.',
      })
    const running = scopeOf(request, key, requestDigest(request))
    const place = keys.idempotency(running.project, running.scope)
    const present = await readOne<Kept>(store, place)
    if (present.value !== undefined && now() < present.value.until) {
      if (present.value.request === running.request) return replay(reply, present.value)
      return sendProblem(reply, {
        status: 422,
        reason: 'bad-request',
        detail: 'This Idempotency-Key belongs to another request.',
      })
    }
    const until = now() + IN_FLIGHT_MS
    const mark: Kept = { request: running.request, until }
    const marked = await store.commit({
      expect: [{ key: place, version: present.version }],
      put: [put(place, mark, until)],
    })
    if (!marked) return replay(reply, mark)
    request.idempotent = running
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const running = request.idempotent
    if (running === null) return payload
    request.idempotent = null
    const place = keys.idempotency(running.project, running.scope)
    if (!isKept(reply.statusCode)) {
      await store.commit({ remove: [place] }).catch(() => undefined)
      return payload
    }
    const location = reply.getHeader('location')
    const type = reply.getHeader('content-type')
    const until = now() + KEPT_MS
    const kept: Kept = {
      request: running.request,
      until,
      status: reply.statusCode,
      ...(typeof location === 'string' ? { location } : {}),
      ...(typeof type === 'string' ? { type } : {}),
      sealed: seal(replyKey, Buffer.from(typeof payload === 'string' ? payload : '')),
    }
    await store.commit({ put: [put(place, kept, until)] })
    return payload
  })
}
