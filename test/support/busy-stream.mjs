import { get } from 'node:http'

// node busy-stream.mjs URL TOKEN: opens a stream, is busy while it opens, and says what came before anybody could listen.
const BUSY_MS = 50
const [url, token] = process.argv.slice(2)

const request = get(url, { headers: { authorization: `Bearer ${token}` } }, (response) => {
  let missed = ''
  let isListening = false
  response.on('data', (chunk) => {
    if (!isListening) missed += chunk
    else if (String(chunk).includes('event: ')) {
      process.stdout.write(missed)
      request.destroy()
    }
  })
  // As `await getEventStream()` does: whoever awaits it goes on after this turn.
  Promise.resolve().then(() => {
    isListening = true
  })
})
request.once('finish', () => {
  // What the request is answered with comes together.
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS))
})
