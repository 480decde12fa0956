import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Asset, variantFor } from './assets.ts'

/** What a client has already, by the entity tags it names: RFC 9110, 13.1.2. */
const isKnown = (header: string | undefined, etag: string): boolean =>
  (header ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === etag || tag === '*')

/** Answers with a file, in the best coding that the client takes, or with 304 if it has it. */
export const answerWith =
  (asset: Asset, headers: Readonly<Record<string, string>> = {}) =>
  (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { coding, bytes, etag } = variantFor(asset, request.headers['accept-encoding'])
    reply.headers({ ...headers, etag, vary: 'accept-encoding', 'cache-control': 'no-cache' })
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
    if (coding !== 'identity') reply.header('content-encoding', coding)
    return reply.type(asset.type).send(bytes)
  }
