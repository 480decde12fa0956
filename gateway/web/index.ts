import { type Static, Type } from 'typebox'
import { policyInForce } from '../../shared/model/policy.ts'
import { DEFAULT_PROJECT } from '../../shared/registry/projects.ts'
import type { HttpDialect } from '../context.ts'
import { answerWith } from './answer.ts'
import { loadAssets } from './assets.ts'
import { pageHeaders, scriptHeaders } from './headers.ts'

/** `frameOrigins`: web pages of other origins that may show the claim page in a frame. */
export type ClaimPageOptions = { readonly frameOrigins?: readonly string[] }

const Query = Type.Object(
  { project: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) },
  { additionalProperties: false },
)

/** The page on which people claim, at `/claim` and `/c`, and the element it is made of, at `/widget.js`. */
export const claimPage = ({ frameOrigins = [] }: ClaimPageOptions = {}): HttpDialect => ({
  name: 'claim page',
  routes:
    ({ registry, log }) =>
    async (app) => {
      const assets = await loadAssets('claim.html', 'claim.css', 'claim.js', 'widget.js')
      if (assets === undefined) {
        log.warn({}, 'there is no claim page: it was not built')
        return
      }

      const page = answerWith(assets['claim.html'], pageHeaders(frameOrigins))
      app.get('/claim', page)
      app.get('/c', page)
      app.get('/claim.css', answerWith(assets['claim.css']))
      app.get('/claim.js', answerWith(assets['claim.js']))
      app.get('/widget.js', answerWith(assets['widget.js'], scriptHeaders))

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
