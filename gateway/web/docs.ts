import type { FastifyInstance } from 'fastify'
import type { Log } from '../../shared/log.ts'
import { answerWith } from './answer.ts'
import { loadAssets } from './assets.ts'
import { readingHeaders } from './headers.ts'

/** The page on which people read `/openapi.json` and `/asyncapi.json`, at `/docs`. */
export const servePageOfDocs = async (app: FastifyInstance, log: Log): Promise<void> => {
  const assets = await loadAssets('docs.html', 'docs.css', 'docs.js')
  if (assets === undefined) {
    log.warn({}, 'there is no page of documents: it was not built')
    return
  }
  app.get('/docs', answerWith(assets['docs.html'], readingHeaders))
  app.get('/docs.css', answerWith(assets['docs.css']))
  app.get('/docs.js', answerWith(assets['docs.js']))
}
