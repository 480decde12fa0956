import { describe, expect, test } from '@jest/globals'
import { createPasswords, TooBusy } from '../../shared/guard/passwords.ts'
import { api, customer, signIn } from '../support/api.ts'
import { onEachStore } from '../support/stores.ts'
import { thingfulLogin } from '../support/thingful.ts'

const V1 = '/latchkey/v1'
const FLOOD = 300
const PASSWORD = 'customer-password'

type Answer = { readonly status: number; readonly retryAfter: string | undefined }

/** The same sign-in by each dialect's own words. */
const SIGN_INS: Record<string, (url: string, email: string) => Promise<Answer>> = {
  native: async (url, email) => {
    const reply = await api(url).post(`${V1}/sessions`, { email, password: PASSWORD })
    return { status: reply.status, retryAfter: reply.headers.get('retry-after') ?? undefined }
  },
  ThingsBoard: async (url, email) => {
    const reply = await api(url).post('/api/auth/login', { username: email, password: PASSWORD })
    return { status: reply.status, retryAfter: reply.headers.get('retry-after') ?? undefined }
  },
  Thingful: async (url, email) => {
    const reply = await thingfulLogin(url, { email, password: PASSWORD })
    return { status: reply.status, retryAfter: reply.headers['retry-after'] }
  },
}

let httpUrl: string

onEachStore(
  async (server) => {
    httpUrl = server.httpUrl
  },
  () => {
    // research/security.md S97.
    test.each(Object.keys(SIGN_INS))(
      'a flood of %s sign-ins gets 200 or 429, and everything else is answered meanwhile',
      async (dialect) => {
        const ada = await customer(httpUrl)
        const once = SIGN_INS[dialect] as (typeof SIGN_INS)[string]
        let answered = 0
        const flood = Array.from({ length: FLOOD }, async () => {
          const answer = await once(httpUrl, ada.email)
          answered += 1
          return answer
        })
        let meanwhile = 0
        while (answered < FLOOD / 2 || meanwhile === 0) {
          const alive = await api(httpUrl).get('/healthz')
          const mine = await ada.get(`${V1}/devices`)
          expect([alive.status, mine.status]).toEqual([200, 200])
          if (answered < FLOOD) meanwhile += 1
          else break
        }
        expect(meanwhile).toBeGreaterThan(0)
        const answers = await Promise.all(flood)
        const refused = answers.filter(({ status }) => status === 429)
        const letIn = answers.filter(({ status }) => status === 200 || status === 201)
        expect(refused.length + letIn.length).toBe(FLOOD)
        expect(letIn.length).toBeGreaterThanOrEqual(200)
        for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThan(0)
        await signIn(httpUrl, { email: ada.email, password: PASSWORD })
      },
    )
  },
)

describe('the queue of passwords', () => {
  test('takes two and two hundred more, and refuses the rest at once', async () => {
    const passwords = createPasswords()
    const stored = await passwords.hash('x')
    const tries = Array.from({ length: 210 }, () =>
      passwords.matches(stored, 'x').catch((cause: unknown) => cause),
    )
    const came = await Promise.all(tries)
    expect(came.slice(0, 202).every((right) => right === true)).toBe(true)
    expect(came.slice(202).every((cause) => cause instanceof TooBusy)).toBe(true)
    expect(await passwords.matches(stored, 'y')).toBe(false)
  })

  // research/security.md S98: the work is the same, so that the time tells nothing.
  test('does the same for an account that is not there', async () => {
    const passwords = createPasswords()
    await passwords.matches(undefined, 'x')
    const tries = Array.from({ length: 210 }, () =>
      passwords.matches(undefined, 'x').catch((cause: unknown) => cause),
    )
    const came = await Promise.all(tries)
    expect(came.slice(0, 202).every((right) => right === false)).toBe(true)
    expect(came.slice(202).every((cause) => cause instanceof TooBusy)).toBe(true)
  })
})
