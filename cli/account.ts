import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { type Io, isTerminal, Refused, WrongUsage } from './command.ts'
import { type Ask, createAsk } from './http.ts'

/** How a command says who asks. A password in an argument could be read by everybody on the machine. */
export const ACCOUNT_HELP = `  --url URL         the gateway (LATCHKEY_URL, else http://127.0.0.1:8080)
  --email E         the maker's account (LATCHKEY_EMAIL, else admin@localhost)
                    its password is asked for, or is LATCHKEY_PASSWORD; never an argument`

/** The options that go with `signIn`. */
export const ACCOUNT_OPTIONS = {
  url: { type: 'string' },
  email: { type: 'string' },
} as const

type GivenAccount = { readonly url: string | undefined; readonly email: string | undefined }

const askPassword = async (email: string, { stdin, stderr }: Io): Promise<string> => {
  stderr.write(`Password of ${email}: `)
  // What is typed is echoed into nothing.
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: silence, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    stderr.write('\n')
  }
}

const passwordOf = async (email: string, io: Io): Promise<string> => {
  const given = io.env.LATCHKEY_PASSWORD
  if (given !== undefined && given !== '') return given
  if (isTerminal(io.stdin)) return askPassword(email, io)
  throw new WrongUsage('LATCHKEY_PASSWORD is missing, and there is no terminal to ask on')
}

const addressOf = (given: string | undefined, env: Io['env']): string => {
  const url = given ?? env.LATCHKEY_URL ?? 'http://127.0.0.1:8080'
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/+$/, '')
  throw new WrongUsage('--url is an address that begins with http:// or https://')
}

/** Signs in and asks for that account from then on. */
export const signIn = async (given: GivenAccount, io: Io): Promise<Ask> => {
  const url = addressOf(given.url, io.env)
  const email = given.email ?? io.env.LATCHKEY_EMAIL ?? 'admin@localhost'
  const password = await passwordOf(email, io)
  const reply = await createAsk(url).json('POST', '/sessions', { email, password })
  const { token } = reply.body
  if (reply.status !== 201 || typeof token !== 'string')
    throw new Refused(`the server does not let ${email} in (${reply.status})`)
  return createAsk(url, token)
}
