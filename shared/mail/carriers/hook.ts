import type { WrittenSms } from '../letters.ts'
import type { HookSetting } from '../settings.ts'
import { type Carried, type Carrier, declined, postponed, SENT } from './carrier.ts'

/** Statuses of the 400s that may pass: too slow, too early, too many (RFC 9110, RFC 8470, RFC 6585), or a wrong credential of ours. */
const MAY_PASS: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429])

const outcomeOf = (status: number): Carried => {
  if (status >= 200 && status < 300) return SENT
  const cause = `the hook answered ${status}`
  return status >= 400 && status < 500 && !MAY_PASS.has(status) ? declined(cause) : postponed(cause)
}

/** What went wrong below HTTP: a code such as ECONNREFUSED. */
const codeOf = (error: unknown): string => {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } }
  return String(cause?.code ?? name ?? 'unknown')
}

/** Posts `{to,text,code}` as JSON to one URL. Redirects are not followed: they would carry the code elsewhere. */
export const openHook = ({ url, authorization }: HookSetting): Carrier<WrittenSms> => ({
  carry: async (message, name, signal) => {
    try {
      const reply = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'idempotency-key': name,
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: JSON.stringify(message),
        signal,
      })
      await reply.body?.cancel()
      return outcomeOf(reply.status)
    } catch (error) {
      return postponed(`the hook cannot be reached: ${codeOf(error)}`)
    }
  },
})
