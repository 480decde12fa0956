import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection that sends bytes as they are and hands over what comes, as much as was asked for. */
export type Wire = {
  /** Sends text, one byte a character. */
  readonly send: (text: string) => void
  /** The next `count` bytes. Rejects when the connection ends before. */
  readonly take: (count: number) => Promise<Buffer>
  /** All up to and with a text. */
  readonly takeTo: (end: string) => Promise<string>
  readonly socket: Socket
}

/** Connects to the host and port of an address. */
export const openWire = async (url: string): Promise<Wire> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  let came = Buffer.alloc(0)
  let more = () => {}
  socket.on('data', (part) => {
    came = Buffer.concat([came, part])
    more()
  })
  socket.on('close', () => more())
  const cut = (count: number): Buffer => {
    const taken = came.subarray(0, count)
    came = came.subarray(count)
    return taken
  }
  const until = async (length: () => number | undefined): Promise<Buffer> => {
    for (;;) {
      const found = length()
      if (found !== undefined) return cut(found)
      if (socket.destroyed) throw new Error('the connection has ended')
      await new Promise<void>((resolve) => {
        more = resolve
      })
    }
  }
  return {
    socket,
    send: (text) => void socket.write(Buffer.from(text, 'latin1')),
    take: (count) => until(() => (came.length >= count ? count : undefined)),
    takeTo: async (end) => {
      const bytes = await until(() => {
        const at = came.indexOf(end)
        return at < 0 ? undefined : at + end.length
      })
      return bytes.toString()
    },
  }
}

/** A reply of HTTP/1.1 whose body is as long as it says. */
export const takeReply = async (wire: Wire): Promise<{ status: number; body: string }> => {
  const head = await takeHead(wire)
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  return { status: statusIn(head), body: (await wire.take(length)).toString() }
}

/** The status line and the headers. */
export const takeHead = (wire: Wire): Promise<string> => wire.takeTo('\r\n\r\n')

export const statusIn = (head: string): number => Number(head.split(' ')[1])

/** The next chunk of a reply that comes in chunks (RFC 9112 7.1). */
export const takeChunk = async (wire: Wire): Promise<string> => {
  const size = Number.parseInt(await wire.takeTo('\r\n'), 16)
  const chunk = (await wire.take(size)).toString()
  await wire.take(2)
  return chunk
}
