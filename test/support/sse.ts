import { get } from 'node:http'

/** One server-sent event as it came. */
export type Sent = { readonly id?: string; readonly event?: string; readonly data: string }

/** A real stream of server-sent events; what came can be awaited in order. */
export type Stream = {
  readonly status: number
  readonly next: (ms?: number) => Promise<Sent>
  /** What came and was not taken yet. */
  readonly came: readonly Sent[]
  readonly ended: Promise<void>
  readonly close: () => void
}

const parsed = (block: string): Sent | undefined => {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) fields.set(name, value)
  }
  const [id, event, data] = [fields.get('id'), fields.get('event'), fields.get('data')]
  if (data === undefined) return undefined
  return { ...(id === undefined ? {} : { id }), ...(event === undefined ? {} : { event }), data }
}

export const openStream = (url: string, headers: Record<string, string> = {}): Promise<Stream> =>
  new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false }, (response) => {
      const came: Sent[] = []
      const waiting: ((sent: Sent) => void)[] = []
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const blocks = (rest + chunk).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const sent of blocks.flatMap((block) => parsed(block) ?? [])) {
          const waiter = waiting.shift()
          if (waiter === undefined) came.push(sent)
          else waiter(sent)
        }
      })
      const ended = new Promise<void>((done) => {
        response.once('close', done)
        response.once('error', () => done())
      })
      resolve({
        status: response.statusCode ?? 0,
        came,
        ended,
        close: () => request.destroy(),
        next: (ms = 5000) =>
          new Promise((take, fail) => {
            const present = came.shift()
            if (present !== undefined) return take(present)
            const timer = setTimeout(() => fail(new Error('nothing came on the stream')), ms)
            waiting.push((sent) => {
              clearTimeout(timer)
              take(sent)
            })
          }),
      })
    })
    request.once('error', reject)
  })
