import { WrongUsage } from '../failure.ts'
import { namesOf } from '../fleet.ts'
import { connectGateway } from '../gateway.ts'
import type { Child, ChildOutcome } from '../platforms/platform.ts'
import { PLATFORM_NAMES } from '../platforms/table.ts'
import { newSecret } from '../secret.ts'
import {
  address,
  type Command,
  EXIT,
  EXIT_HELP,
  type Given as GivenFor,
  MQTT,
  parse,
  platformName,
  protocolVersion,
  required,
  wholeNumber,
} from './command.ts'
import { createReport, type Report } from './report.ts'

const HELP = `latchkey sim gateway: a simulated gateway that opens the claim windows of its children

  --token T               the gateway's MQTT user name (--token=T when T begins with a dash)
  --children A,B,C        the children by name, or
  --count N               so many, named
  --name-prefix P         P and a number (child-)
  --connect               announce every child first
  --platform NAME         ${PLATFORM_NAMES.join(' or ')} (latchkey)
  --url URL               the broker (mqtt://127.0.0.1:1883)
  --protocol 4|5          MQTT 3.1.1 or 5 (4)
  --secret S              the claim secret of every child; else a new one of 80 bits for each
  --no-secret             open the windows without a secret
  --duration-ms N         how long the windows stay open; else the platform's default
  --timeout-ms N          how long to try to connect, and to wait for each PUBACK (30000)
  --json                  one JSON line per child

Children are sent in batches of at most 10000. On thingsboard only the PUBACK is awaited: it has no results.
${EXIT_HELP}
`

const OPTIONS = {
  platform: { type: 'string' },
  url: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
  token: { type: 'string' },
  children: { type: 'string' },
  count: { type: 'string' },
  'name-prefix': { type: 'string', default: 'child-' },
  connect: { type: 'boolean', default: false },
  protocol: { type: 'string' },
  secret: { type: 'string' },
  'no-secret': { type: 'boolean', default: false },
  'duration-ms': { type: 'string' },
  'timeout-ms': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Given = GivenFor<typeof OPTIONS>

const childrenOf = (given: Given): Child[] => {
  const count = wholeNumber('count', given.count, 1)
  if ((given.children === undefined) === (count === undefined)) {
    throw new WrongUsage('give one of --children and --count')
  }
  const names = given.children?.split(',').filter((name) => name !== '')
  const durationMs = wholeNumber('duration-ms', given['duration-ms'])
  return (names ?? namesOf(given['name-prefix'], count ?? 0)).map((device) => ({
    device,
    secret: given['no-secret'] ? undefined : (given.secret ?? newSecret()),
    durationMs,
  }))
}

const isOpen = ({ state }: ChildOutcome): boolean => state === 'open' || state === 'sent'

const tellOutcomes = (
  report: Report,
  children: ReadonlyMap<string, Child>,
  outcomes: readonly ChildOutcome[],
): void => {
  for (const outcome of outcomes) {
    const { device, reason, state } = outcome
    if (isOpen(outcome)) report.tell('open', { device, secret: children.get(device)?.secret })
    else report.tell('refused', { device, reason: reason ?? state })
    report.step()
  }
}

/** `latchkey sim gateway`. */
export const gateway: Command = {
  help: HELP,
  async run(argv, io) {
    const given = parse(argv, OPTIONS)
    const platform = platformName(given.platform)
    const children = childrenOf(given)
    const sim = await connectGateway({
      platform,
      url: address('url', given.url, MQTT),
      token: required('token', given.token),
      protocol: protocolVersion(given.protocol),
      timeoutMs: wholeNumber('timeout-ms', given['timeout-ms'], 1),
      signal: io.signal,
    })
    const report = createReport(io, { json: given.json, total: children.length })
    const byName = new Map(children.map((child) => [child.device, child]))
    try {
      if (given.connect) for (const { device } of children) await sim.connectChild(device)
      const outcomes = await sim.openWindows(children, (part) => tellOutcomes(report, byName, part))
      const open = outcomes.filter(isOpen).length
      report.end()
      if (children.length > 1) report.tell('done', { open, refused: outcomes.length - open })
      return open === outcomes.length ? EXIT.done : EXIT.refused
    } finally {
      report.end()
      await sim.close()
    }
  },
}
