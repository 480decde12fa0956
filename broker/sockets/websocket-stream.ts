import { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

const LINGER_MS = 1000
/** RFC 6455, 7.4.1. */
const UNSUPPORTED_DATA = 1003

/** The bytes inside the binary frames of a WebSocket; how they are cut into frames means nothing ([MQTT-6.0.0-2]). */
export const streamOf = (socket: WebSocket): Duplex => {
  const stream = new Duplex({
    allowHalfOpen: false,
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.send(chunk, done),
    writev: (chunks, done) => socket.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    final: (done) => {
      socket.close()
      done()
    },
    destroy: (error, done) => {
      socket.terminate()
      done(error)
    },
  })
  const endSoon = () => setTimeout(() => stream.destroy(), LINGER_MS).unref()

  const take = (data: RawData, isBinary: boolean): void => {
    // [MQTT-6.0.0-1]
    if (!isBinary) {
      socket.off('message', take)
      socket.close(UNSUPPORTED_DATA)
      endSoon()
      return
    }
    if (!stream.push(data)) socket.pause()
  }
  socket.on('message', take)
  // The library says goodbye with what was wrong.
  socket.on('error', endSoon)
  socket.once('close', () => {
    // What was sent before the end is still read.
    if (!stream.readableEnded) stream.push(null)
    endSoon()
  })
  return stream
}
