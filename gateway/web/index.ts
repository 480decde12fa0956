import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { policyInForce } from '../../shared/model/policy.ts'
import { DEFAULT_PROJECT } from '../../shared/registry/projects.ts'
import type { HttpDialect } from '../context.ts'
import { type AssetName, loadAssets, variantFor } from './assets.ts'
import { pageHeaders, scriptHeaders } from './headers.ts'

/** `frameOrigins`: web pages of other origins that may show the claim page in a frame. */
export type ClaimPageOptions = { readonly frameOrigins?: readonly string[] }

const Query = Type.Object(
  { project: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) },
  { additionalProperties: false },
)

/** What a client has already, by the entity tags it names: RFC 9110, 13.1.2. */
const isKnown = (header: string | undefined, etag: string): boolean =>
  (header ?? '')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''))
    .some((tag) => tag === etag || tag === '*')

/** The page on which people claim, at `/claim` and `/c`, and the element it is made of, at `/widget.js`. */
export const claimPage = ({ frameOrigins = [] }: ClaimPageOptions = {}): HttpDialect => ({
  name: 'claim page',
  routes:
    ({ registry, log }) =>
    async (app) => {
      const assets = await loadAssets()
      if (assets === undefined) {
        log.warn({}, 'there is no claim page: it was not built')
        return
      }

      const answerWith =
        (name: AssetName, headers: Readonly<Record<string, string>>) =>
        (request: FastifyRequest, reply: FastifyReply) => {
          const asset = assets.get(name)
          if (asset === undefined) throw new RangeError(`no asset ${name}`)
          const { coding, bytes, etag } = variantFor(asset, request.headers['accept-encoding'])
          reply.headers({ ...headers, etag, vary: 'accept-encoding', 'cache-control': 'no-cache' })
          if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
          if (coding !== 'identity') reply.header('content-encoding', coding)
          return reply.type(asset.type).send(bytes)
        }

      const page = pageHeaders(frameOrigins)
      app.get('/claim', answerWith('claim.html', page))
      app.get('/c', answerWith('claim.html', page))
      app.get('/claim.css', answerWith('claim.css', {}))
      app.get('/claim.js', answerWith('claim.js', {}))
      app.get('/widget.js', answerWith('widget.js', scriptHeaders))

      /** What the page has to know before anybody is signed in. An unknown project is one that takes no accounts. */
      app.get<{ Querystring: Static<typeof Query> }>(
        '/claim.json',
        { schema: { querystring: Query } },
        async (request, reply) => {
          const project = await registry.projects.find(request.query.project ?? DEFAULT_PROJECT)
          const signUp =
            project !== undefined &&
            project.accounts === 'email' &&
            policyInForce(project.policy).signUp
          return reply.header('cache-control', 'no-store').send({ signUp })
        },
      )
    },
})
