import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

/** A mail as a real SMTP server received it. `raw`: every byte of it; `text`: its body, decoded. */
export type Received = {
  readonly from: string
  readonly to: readonly string[]
  readonly user: string | undefined
  readonly secure: boolean
  readonly raw: string
  readonly headers: string
  readonly text: string
}

/** RFC 2045 6.7. */
const decodeQuotedPrintable = (text: string): string =>
  Buffer.from(
    text
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString()

const read = (raw: string) => {
  const split = raw.indexOf('\r\n\r\n')
  // RFC 5322 2.2.3: unfolded.
  const headers = raw.slice(0, split).replace(/\r\n(?=[ \t])/g, '')
  const body = raw.slice(split + 4)
  const isQuoted = /^content-transfer-encoding: quoted-printable$/im.test(headers)
  const text = isQuoted ? decodeQuotedPrintable(body) : body
  return { headers, text: text.replaceAll('\r\n', '\n') }
}

type Wanted = {
  /** 0: any free one. */
  readonly port?: number
  /** Asked at each RCPT TO: the reply to refuse it with, or nothing. */
  readonly refuse?: () => { readonly code: number; readonly text: string } | undefined
  readonly options?: SMTPServerOptions
}

/** A real SMTP server on the loopback. `next`: the next mail that came, in order. */
export const startSmtp = async ({ port = 0, refuse, options = {} }: Wanted = {}) => {
  const received: Received[] = []
  const waiting: ((mail: Received) => void)[] = []
  const seen = { recipients: 0, connections: 0 }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    allowInsecureAuth: true,
    logger: false,
    onConnect(_session, done) {
      seen.connections += 1
      done()
    },
    onRcptTo(_address, _session, done) {
      seen.recipients += 1
      const refusal = refuse?.()
      if (refusal === undefined) done()
      else done(Object.assign(new Error(refusal.text), { responseCode: refusal.code }))
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString()
        const { mailFrom, rcptTo } = session.envelope
        const mail: Received = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: session.user as string | undefined,
          secure: session.secure,
          raw,
          ...read(raw),
        }
        const first = waiting.shift()
        if (first === undefined) received.push(mail)
        else first(mail)
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.server.address() as AddressInfo
  return {
    port: address.port,
    seen,
    /** Came, and nobody has asked for it with `next`. */
    received,
    next: (): Promise<Received> => {
      const first = received.shift()
      if (first !== undefined) return Promise.resolve(first)
      return new Promise((resolve) => waiting.push(resolve))
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
