import { createServer } from 'node:net'
import { Aedes } from 'aedes'

/** The floor on the MQTT side: an Aedes that receives the same publish and does nothing with it. */
const aedes = await Aedes.createBroker()
const server = createServer({ noDelay: true }, aedes.handle)
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ msg: 'ready', mqtt: server.address() })}\n`)
})
process.on('SIGTERM', () => process.exit(0))
