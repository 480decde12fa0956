import type { HttpDialect } from '../context.ts'
import { answerWith } from './answer.ts'
import { loadAssets } from './assets.ts'
import { readingHeaders } from './headers.ts'

/** The ends of the links in `shared/mail/letters.ts`. */
const LINKS = ['verify-email', 'reset-password', 'member-invite', 'transfer'] as const

/** The pages behind the links of our letters. A token stands behind the `#`: it never comes here with the page's own request. */
export const letterPages: HttpDialect = {
  name: 'letter pages',
  routes:
    ({ log }) =>
    async (app) => {
      const assets = await loadAssets('letters.html', 'letters.css', 'letters.js')
      if (assets === undefined) {
        log.warn({}, 'there are no pages for letters: they were not built')
        return
      }
      const page = answerWith(assets['letters.html'], readingHeaders)
      for (const link of LINKS) app.get(`/latchkey/${link}`, page)
      app.get('/letters.css', answerWith(assets['letters.css']))
      app.get('/letters.js', answerWith(assets['letters.js']))
    },
}
