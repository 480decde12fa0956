import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from './app.ts'
import { type Child, startChild } from './child.ts'
import { send } from './http.ts'
import type { Recorder } from './recorder.ts'
import type { System } from './system.ts'

/** What a system has taken of the machine. */
export type Size = {
  readonly rssKib: number
  readonly fds: number
  readonly redisKeys?: number
  readonly storeBytes?: number
}

type Finding = { readonly name?: unknown; readonly state?: unknown; readonly says?: unknown }

/** Runs a command of the program to its end. */
const command = async (cli: string, { folder, env }: System, args: readonly string[]) => {
  const lines: string[] = []
  const child: Child = startChild({
    ...{ command: process.execPath, args: [cli, ...args], cwd: folder, env },
    onLine: (line) => lines.push(line),
  })
  const code = await child.ended
  return { code, lines, words: child.lastWords() }
}

/** `latchkey doctor --all` finds nothing. */
const askDoctor = async (cli: string, system: System, recorder: Recorder): Promise<void> => {
  const { code, lines, words } = await command(cli, system, ['doctor', '--all', '--json'])
  for (const line of lines) {
    const { name, state, says } = JSON.parse(line) as Finding
    if (state !== 'good') recorder.saw('doctor', `${name}: ${says}`)
  }
  if (code !== 0 || lines.length === 0) recorder.saw('doctor', `it ended with ${code}: ${words}`)
}

/** The chain of the audit is whole. */
const verifyAudit = async (cli: string, system: System, maker: App, recorder: Recorder) => {
  const port = system.gateways[0]?.httpPort as number
  const call = { port, method: 'GET', path: '/latchkey/v1/audit', token: maker.token } as const
  const heard = await send({ ...call, waitMs: 60_000 })
  if (heard.kind !== 'answer' || heard.status !== 200)
    return recorder.saw('audit', 'the audit cannot be read')
  const file = join(system.folder, 'audit.ndjson')
  writeFileSync(file, String(heard.body))
  const { code, words } = await command(cli, system, ['audit', 'verify', file])
  if (code !== 0) recorder.saw('audit', words)
}

const bytesUnder = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { name }) => sum + statSync(join(folder, name)).size, 0)

/** What the largest node takes, and the store. */
export const sizeOf = async ({ nodes, redis, folder }: System): Promise<Size> => {
  const vitals = nodes.flatMap((node) => node.vitals() ?? [])
  const most = {
    rssKib: Math.max(0, ...vitals.map(({ rssKib }) => rssKib)),
    fds: Math.max(0, ...vitals.map(({ fds }) => fds)),
  }
  if (redis === undefined) return { ...most, storeBytes: bytesUnder(join(folder, 'store')) }
  const said = await redis.tell('DBSIZE')
  return { ...most, redisKeys: Number(said.slice(1)) }
}

/**
 * I12. A node may take 300 MiB and 600 descriptors more than at the start; a device some 10 keys or 32 KiB, a claim (its
 * attempt, and its lines in three logs that are cut) 4 keys or 16 KiB; 2000 keys or 64 MiB for all else.
 */
const isBounded = (before: Size, after: Size, devices: number, claims: number): boolean =>
  after.rssKib <= before.rssKib + 300 * 1024 &&
  after.fds <= before.fds + 600 &&
  (after.redisKeys ?? 0) <= 2000 + 10 * devices + 4 * claims &&
  (after.storeBytes ?? 0) <= (64 * 1024 + 32 * devices + 16 * claims) * 1024

type Options = {
  readonly cli: string
  readonly system: System
  readonly recorder: Recorder
  readonly maker: App
  readonly before: Size
  readonly devices: number
  readonly claims: number
}

/** Everything that can be looked at when all is over; what is wrong is noted. */
export const lookBehind = async (options: Options): Promise<Size> => {
  const { cli, system, recorder, maker, before, devices, claims } = options
  await verifyAudit(cli, system, maker, recorder)
  await askDoctor(cli, system, recorder)
  const after = await sizeOf(system)
  if (!isBounded(before, after, devices, claims))
    recorder.saw('I12', `from ${JSON.stringify(before)} to ${JSON.stringify(after)}`)
  for (const node of system.nodes)
    for (const error of node.errors()) recorder.saw('alive', `${node.name} logged: ${error}`)
  return after
}
