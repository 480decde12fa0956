import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'

// Ends with 0 when the gateway of this machine says that it is alive, else with 1. Settings as the program's own.
const { LATCHKEY_HTTP_PORT = '8080', LATCHKEY_TLS_CERT = '', LATCHKEY_ROLE = 'all' } = process.env
const get = LATCHKEY_TLS_CERT === '' ? getPlain : getSecure
const where = {
  host: '127.0.0.1',
  port: Number(LATCHKEY_HTTP_PORT),
  path: '/healthz',
  timeout: 2500,
  // It is this machine, whatever the certificate says of a name.
  rejectUnauthorized: false,
}

const end = (isAlive) => process.exit(isAlive ? 0 : 1)

// A broker alone has no HTTP: that it runs is all there is to say.
if (LATCHKEY_ROLE === 'broker') end(true)
get(where, ({ statusCode }) => end(statusCode === 200))
  .on('timeout', () => end(false))
  .on('error', () => end(false))
