import { readFile } from 'node:fs/promises'
import { createDevice, signIn } from '../app.ts'
import { Refused, WrongUsage, wordsOf } from '../failure.ts'
import { type Identity, inParallel, namesOf, readIdentities } from '../fleet.ts'
import { platformOf } from '../platforms/table.ts'
import { provision } from '../provision.ts'
import { type Command, EXIT } from './command.ts'
import { DEVICE_HELP } from './device-help.ts'
import { type DevicePlan, readDevicePlan, type Source } from './device-plan.ts'
import { runOneDevice } from './one-device.ts'
import { createReport } from './report.ts'

const AT_ONCE = 8

const fromFile = async (source: Extract<Source, { kind: 'file' }>): Promise<Identity[]> => {
  const list = await readFile(source.path, 'utf8').catch((error: unknown) => {
    throw new WrongUsage(`--tokens: ${wordsOf(error)}`)
  })
  const found = readIdentities(list)
  const count = source.count ?? found.length
  if (found.length === 0) throw new WrongUsage('--tokens: the file has no token')
  if (found.length < count) throw new WrongUsage(`--tokens: the file has only ${found.length}`)
  return found.slice(0, count)
}

const fromMaker = async (
  plan: DevicePlan,
  source: Extract<Source, { kind: 'maker' }>,
): Promise<Identity[]> => {
  const maker = await signIn({ platform: plan.platform, ...source })
  return inParallel(namesOf(source.prefix, source.count), AT_ONCE, async (name) => {
    const made = await createDevice(maker, { name })
    if (made.state === 'refused') throw new Refused(`creating ${name}: ${made.reason}`)
    return { name, token: made.value.token }
  })
}

/** A device that comes into being first. Its credential is used and never printed. */
const fromToken = async (plan: DevicePlan, source: Extract<Source, { kind: 'provision' }>) => {
  const { token, name } = source
  const made = await provision({ ...plan, token })
  if (made.state === 'refused') throw new Refused(`provisioning: ${made.reason}`)
  return [{ name: name ?? made.id, token: made.token }]
}

const identitiesOf = async (plan: DevicePlan): Promise<Identity[]> => {
  switch (plan.source.kind) {
    case 'token':
      return [plan.source]
    case 'provision':
      return fromToken(plan, plan.source)
    case 'file':
      return fromFile(plan.source)
    case 'maker':
      return fromMaker(plan, plan.source)
  }
}

/** `latchkey sim device`. */
export const device: Command = {
  help: DEVICE_HELP,
  async run(argv, io) {
    const plan = readDevicePlan(argv)
    if (plan.goal === 'claimed' && !platformOf(plan.platform).device.answers) {
      throw new WrongUsage(`${plan.platform} does not tell a device that it is claimed: use --once`)
    }
    const identities = await identitiesOf(plan)
    const report = createReport(io, { json: plan.json, total: identities.length })
    const drawsCode = plan.qr || (identities.length === 1 && report.onTerminal && !plan.json)
    const play = async () => {
      // Opening goes in lanes; what follows (waiting to be claimed) goes on for all together.
      const opened = await inParallel(identities, AT_ONCE, (identity, index) =>
        runOneDevice({ identity, index, plan, report, drawsCode, signal: io.signal }),
      )
      return Promise.all(opened.map((one) => one.rest))
    }
    const codes = await play().finally(report.end)
    const worst = codes.toSorted((one, other) => other - one)[0] ?? EXIT.done
    if (codes.length > 1) {
      report.tell('done', {
        done: codes.filter((code) => code === EXIT.done).length,
        refused: codes.filter((code) => code === EXIT.refused).length,
        unreachable: codes.filter((code) => code === EXIT.unreachable).length,
      })
    }
    return worst
  },
}
