import { setTimeout as sleep } from 'node:timers/promises'
import { ask, type Client } from './asking.ts'
import { send } from './http.ts'
import { signIn } from './people.ts'

const V1 = '/latchkey/v1'

const use = async (
  { system, recorder }: Client,
  email: string,
  session: string,
  token: string,
): Promise<void> => {
  // On every node, so that one which remembers too long is found.
  for (const { name: process, httpPort: port } of system.gateways) {
    const called = recorder.now()
    const heard = await send({ port, method: 'GET', path: `${V1}/devices?limit=1`, token })
    const timed = { called, returned: recorder.now() }
    if (heard.kind !== 'answer') continue
    recorder.note({
      ...{ op: 'use', process, by: email, session, ...timed },
      result:
        heard.status >= 500
          ? { kind: 'unknown', why: String(heard.status) }
          : heard.status === 200
            ? { kind: 'ok' }
            : { kind: 'refused', reason: String(heard.status) },
    })
  }
}

/** An account that signs in, out, and tries its old session again, until it is told to stop. */
export const keepSigningOut = (client: Client, email: string, pauseMs: number) => {
  const { recorder, name: process } = client
  const stopping = new AbortController()
  let count = 0

  const once = async () => {
    const signedIn = await signIn(client, email)
    if (signedIn === undefined) return
    const { token } = signedIn
    const session = `${email} ${++count}`
    await use(client, email, session, token)
    const asked = await ask(client, { method: 'DELETE', path: `${V1}/sessions`, token })
    const { called, returned, answer, isInDoubt } = asked
    // 401: the session has ended; by a try whose answer was lost, since nobody else ends it.
    const isDone = answer?.status === 204 || (answer?.status === 401 && isInDoubt)
    recorder.note({
      ...{ op: 'logout', process, by: email, session, called, returned },
      result: isDone
        ? { kind: 'ok' }
        : answer === undefined
          ? { kind: 'unknown' }
          : { kind: 'refused', reason: String(answer.status) },
    })
    await use(client, email, session, token)
  }
  const keep = async () => {
    while (!stopping.signal.aborted) {
      await once()
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const kept = keep()
  return {
    stop: async () => {
      stopping.abort()
      await kept
    },
  }
}
