import { createClient } from 'latchkey/client'

// The maker makes a device; its credential, which is shown once, goes to stdout.
const [name = `lamp-${Date.now()}`] = process.argv.slice(2)
const { LATCHKEY_URL = 'http://127.0.0.1:8080', LATCHKEY_PASSWORD = '' } = process.env

/** A refusal is a value; this program ends with it. */
const done = ({ ok, value, problem }) => {
  if (ok) return value
  console.error(problem.detail ?? problem.title)
  process.exit(1)
}

const latchkey = createClient({ server: LATCHKEY_URL })
done(await latchkey.signIn({ email: 'admin@localhost', password: LATCHKEY_PASSWORD }))
console.log(done(await latchkey.makeDevice({ name })).token)
