import { ACCOUNT_HELP, ACCOUNT_OPTIONS, signIn } from './account.ts'
import { type Command, EXIT, EXIT_HELP, parse, Refused, WrongUsage } from './command.ts'
import type { Ask } from './http.ts'
import { type Body, eventsOf, type Moment, momentsOf, nowOf, spell } from './timeline.ts'

const HELP = `latchkey why DEVICE: what happened to a device, and why not something else

Asks a running server: windows, tries to claim with their true reasons and what to do next, owners, connections,
commands. DEVICE is its name or its id.

${ACCOUNT_HELP}
  --json            an object a line, the oldest first; the last is how it is now

${EXIT_HELP}
`

const OPTIONS = { ...ACCOUNT_OPTIONS, json: { type: 'boolean' } } as const

const get = async (ask: Ask, path: string): Promise<Body> => {
  const { status, body } = await ask.json('GET', path)
  if (status !== 200)
    throw new Refused(status === 404 ? 'there is no such device' : `answer ${status}`)
  return body
}

const auditLines = async (ask: Ask, project: string, device: string): Promise<Body[]> => {
  const query = new URLSearchParams({ project, device })
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of await ask.stream(`/audit?${query}`))
    text += decoder.decode(chunk, { stream: true })
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Body]))
}

/** `latchkey why`. */
export const why: Command = {
  help: HELP,
  async run(argv, io) {
    const given = parse(argv, OPTIONS)
    const [name, ...others] = given.words
    if (name === undefined || others.length > 0) throw new WrongUsage('one DEVICE at a time')
    const ask = await signIn(given, io)
    const device = await get(ask, `/fleet/${encodeURIComponent(name)}`)
    const id = String(device.id)
    const [history, attempts, events, audit] = await Promise.all([
      get(ask, `/devices/${id}/history`),
      get(ask, `/devices/${id}/attempts`),
      get(ask, `/devices/${id}/events?limit=500`),
      auditLines(ask, String(device.project), id),
    ])
    const moments: Moment[] = [...momentsOf(history, attempts, audit), ...eventsOf(events)].sort(
      (one, other) => one.at.localeCompare(other.at),
    )
    const now = nowOf(device)
    for (const one of moments) io.stdout.write(given.json ? `${JSON.stringify(one)}\n` : spell(one))
    io.stdout.write(given.json ? `${JSON.stringify({ now: device })}\n` : `\nNow ${now}\n`)
    return EXIT.done
  },
}
