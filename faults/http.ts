import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** What came of a request. `unsent`: nobody was there to take it; `lost`: it may have been taken, and more is not known. */
export type Heard =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly body: unknown
      readonly headers: IncomingHttpHeaders
    }
  | { readonly kind: 'unsent' }
  | { readonly kind: 'lost'; readonly why: string }

export type Call = {
  readonly port: number
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly token?: string | undefined
  readonly key?: string | undefined
  readonly waitMs?: number
}

/** An outage is told within 5 s: CONTRACT 6. */
const ANSWER_MS = 7_000

const agent = new Agent({ keepAlive: true, maxSockets: 256 })

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Sends one request to this machine, once. */
export const send = (call: Call): Promise<Heard> =>
  new Promise((resolve) => {
    const { port, method, path, body, token, key, waitMs = ANSWER_MS } = call
    const text = body === undefined ? undefined : JSON.stringify(body)
    const sent = request(
      {
        ...{ agent, port, host: '127.0.0.1', method, path },
        headers: {
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
      },
      (reply) => {
        let said = ''
        reply.setEncoding('utf8')
        reply.on('data', (part: string) => {
          said += part
        })
        reply.once('end', () => {
          if (!reply.complete) return
          const { statusCode: status = 0, headers } = reply
          resolve({ kind: 'answer', status, body: parsed(said), headers })
        })
        reply.once('close', () => resolve({ kind: 'lost', why: 'cut off' }))
      },
    )
    sent.setTimeout(waitMs, () => sent.destroy(new Error('no answer')))
    sent.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') return resolve({ kind: 'unsent' })
      resolve({ kind: 'lost', why: error.code ?? error.message })
    })
    sent.end(text)
  })

/** Closes what is kept open for later requests. */
export const closeConnections = (): void => agent.destroy()
