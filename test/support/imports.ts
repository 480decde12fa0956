import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Reply } from './api.ts'

const V1 = '/latchkey/v1'

type Sent = {
  readonly type?: string
  readonly query?: string
  readonly headers?: Record<string, string>
}

/** Sends a file of devices. `rows`: the text of a file, or objects for NDJSON. */
export const sendFile = async (
  httpUrl: string,
  maker: Pick<Api, 'token'>,
  rows: string | Uint8Array | readonly unknown[],
  { type = 'application/x-ndjson', query = '', headers = {} }: Sent = {},
): Promise<Reply> => {
  const isText = typeof rows === 'string' || rows instanceof Uint8Array
  const body = isText ? Buffer.from(rows) : rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  const reply = await fetch(`${httpUrl}${V1}/devices/import${query}`, {
    method: 'POST',
    headers: { 'content-type': type, authorization: `Bearer ${maker.token}`, ...headers },
    body,
  })
  const text = await reply.text()
  const parsed: unknown = text === '' ? undefined : JSON.parse(text)
  return { status: reply.status, headers: reply.headers, text, body: parsed }
}

/** The operation as soon as it is done. There is nothing to wait on but the operation itself. */
export const whenDone = async (maker: Api, location: string): Promise<Reply> => {
  for (let looks = 0; looks < 2000; looks++) {
    const reply = await maker.get(location)
    if (reply.status !== 200 || reply.body.state === 'done') return reply
    await sleep(20)
  }
  throw new Error('the operation never ends')
}

/** What an operation has made, row by row. */
export const resultsOf = async (maker: Api, location: string) => {
  const { text } = await maker.get(`${location}/results`)
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, string | number>)
}

/** Sends a file, waits for its end, and reads what it has made. */
export const importFile = async (
  httpUrl: string,
  maker: Api,
  rows: string | readonly unknown[],
  sent: Sent = {},
) => {
  const { status, headers, text } = await sendFile(httpUrl, maker, rows, sent)
  if (status !== 202) throw new Error(`import: ${status} ${text}`)
  const location = headers.get('location') ?? ''
  const { body } = await whenDone(maker, location)
  const { rows: count, created, updated, unchanged, failed } = body
  return {
    location,
    body,
    counts: { rows: count, created, updated, unchanged, failed },
    results: await resultsOf(maker, location),
  }
}
