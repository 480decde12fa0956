import type { HttpDialect } from '../context.ts'
import { answerWith } from './answer.ts'
import { loadAssets } from './assets.ts'
import { readingHeaders } from './headers.ts'

/** Pages of it that have an address of their own: all of them are one file, which reads its address. */
const PLACES = ['/console', '/console/*']

/** What is loaded at once, what it shares, and what comes when somebody prints labels or imports a file. */
const SCRIPTS = ['console.js', 'console-chunk.js', 'console-labels.js'] as const

/** The console of makers and operators, at `/console`. It has no frame, no camera, and nothing but the native API. */
export const consolePage: HttpDialect = {
  name: 'console',
  routes:
    ({ log, publicUrl }) =>
    async (app) => {
      const assets = await loadAssets('console.html', 'console.css', ...SCRIPTS)
      if (assets === undefined) {
        log.warn({}, 'there is no console: it was not built')
        return
      }
      const page = answerWith(assets['console.html'], readingHeaders)
      for (const place of PLACES) app.get(place, page)
      app.get('/console.css', answerWith(assets['console.css']))
      for (const script of SCRIPTS) app.get(`/${script}`, answerWith(assets[script]))

      /** Where the people are sent who scan what the console prints. */
      app.get('/console.json', (_request, reply) =>
        reply.header('cache-control', 'no-store').send({ publicUrl: publicUrl() }),
      )
    },
}
