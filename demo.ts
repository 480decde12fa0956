import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { claimCode, onDemand } from './firmware-sim/demo/codes.ts'
import { appFirst, thingFirst } from './firmware-sim/demo/links.ts'
import { claimMode, modeOnDemand } from './firmware-sim/demo/mode.ts'
import { photonSetup } from './firmware-sim/demo/particle.ts'
import {
  boxKey,
  type Cast,
  changeOfHands,
  nativeWindow,
  thingsboardDevice,
  thingsboardGateway,
  uniformRefusal,
} from './firmware-sim/demo/scenes.ts'
import { type DemoServer, startServer } from './firmware-sim/demo/server.ts'
import { createStage, must, type Stage } from './firmware-sim/demo/stage.ts'
import { type SimApp, signIn } from './firmware-sim/index.ts'

const SCENES: readonly (readonly [string, (stage: Stage, cast: Cast) => Promise<void>])[] = [
  ['A device opens a claim window and an app redeems it', nativeWindow],
  ['A key printed in the box, the device switched off', boxKey],
  ['ThingsBoard: a device-side key', thingsboardDevice],
  ['ThingsBoard: a gateway for its children', thingsboardGateway],
  ['A stranger guesses: refused, and always in the same way', uniformRefusal],
  ['Released, and claimed by somebody else', changeOfHands],
  ['A code that an account makes and the device brings', claimCode],
  ['A device comes into being on demand', onDemand],
  ['Particle: a code handed over on the device’s own network', photonSetup],
  ['MODE: a printed code, while the device is in claim mode', claimMode],
  ['MODE: a device comes into being on demand', modeOnDemand],
  ['thethings.io: a shared id, the app first', appFirst],
  ['thethings.io: a shared id, the thing first', thingFirst],
]

const newPassword = (): string => randomBytes(12).toString('base64url')
const ADMIN = { email: 'maker@demo.example', password: newPassword() }

const newCustomer = async (maker: SimApp, name: string) => {
  const who = { email: `${name}@demo.example`, password: newPassword() }
  const body = { ...who, role: 'customer' }
  const reply = await maker.send({ method: 'POST', path: '/latchkey/v1/users', body })
  must(reply.status === 201, `the maker should be able to create ${name}: ${reply.status}`)
  return who
}

const gather = async ({ ready }: DemoServer): Promise<Cast> => {
  const { mqtt, http } = await ready
  const maker = await signIn({ http, ...ADMIN })
  const ann = await newCustomer(maker, 'ann')
  const bob = await newCustomer(maker, 'bob')
  return {
    mqtt,
    http,
    maker,
    thingsboardMaker: () => signIn({ platform: 'thingsboard', http, ...ADMIN }),
    ann: await signIn({ http, ...ann }),
    bob: await signIn({ http, ...bob }),
    thingsboardBob: () => signIn({ platform: 'thingsboard', http, ...bob }),
  }
}

const play = async (cast: Cast): Promise<number> => {
  const stage = createStage(process.stdout, process.env)
  for (const [title, scene] of SCENES) await stage.step(title, () => scene(stage, cast))
  const missed = stage.missed()
  process.stdout.write(`\n${SCENES.length - missed} of ${SCENES.length} steps happened.\n`)
  return missed === 0 ? 0 : 1
}

const settings = (folder: string): Record<string, string> => ({
  LATCHKEY_MQTT_PORT: '0',
  LATCHKEY_HTTP_PORT: '0',
  LATCHKEY_STORE: `embedded:${join(folder, 'store')}`,
  LATCHKEY_KEY_FILE: join(folder, 'instance.key'),
  LATCHKEY_ADMIN_EMAIL: ADMIN.email,
  LATCHKEY_ADMIN_PASSWORD: ADMIN.password,
  LATCHKEY_LOG_LEVEL: 'info',
})

const demo = async (): Promise<number> => {
  const main = fileURLToPath(new URL('./main.js', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-demo-'))
  const server = startServer({ main, folder, settings: settings(folder) })
  // Also after Ctrl-C or an error nobody thought of, nothing is left behind.
  process.once('exit', () => {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  const interrupt = () => process.exit(130)
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await play(await gather(server))
  } catch (error) {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  } finally {
    await server.close()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

process.exitCode = await demo()
