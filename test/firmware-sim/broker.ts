import { createServer } from 'node:net'
import { Aedes, type Client } from 'aedes'

/** A real broker on a free port that records what devices publish and lets the test answer them. */
export const startBroker = async (
  answer: (
    topic: string,
    payload: string,
    reply: (topic: string, body: unknown) => void,
  ) => void = () => {},
) => {
  const aedes = await Aedes.createBroker()
  const heard: { topic: string; payload: string }[] = []
  const clients = new Set<Client>()
  aedes.authenticate = (_client, username, _password, done) => done(null, username !== 'wrong')
  aedes.authorizePublish = (client, packet, done) => {
    const payload = packet.payload.toString()
    heard.push({ topic: packet.topic, payload })
    done(null)
    answer(packet.topic, payload, (topic, body) => {
      const message = { cmd: 'publish', topic, payload: JSON.stringify(body), qos: 1 } as const
      client?.publish({ ...message, retain: false, dup: false }, () => {})
    })
  }
  aedes.on('client', (client) => clients.add(client))
  const server = createServer(aedes.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `mqtt://127.0.0.1:${port}`,
    heard,
    /** Cuts every connection without a word, as a bad network does. */
    cut() {
      for (const client of clients) client.conn.destroy()
      clients.clear()
    },
    async close() {
      await new Promise<void>((resolve) => aedes.close(resolve))
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
