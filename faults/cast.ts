import type { App } from './app.ts'
import type { Client } from './asking.ts'
import { connectDevice, connectGateway, type Speaker } from './device.ts'
import { type Feed, followFeed } from './feed.ts'
import { makeApp, makeDevice, signInMaker } from './people.ts'
import type { Random } from './random.ts'
import type { Recorder } from './recorder.ts'
import { keepSigningOut } from './sessions.ts'
import type { System } from './system.ts'
import { type Player, type Progress, takeTurn } from './turns.ts'

/** Everybody who takes part in a campaign. */
export type Cast = {
  readonly maker: App
  readonly apps: readonly App[]
  readonly players: readonly Player[]
  /** A device outside of the game. */
  readonly spare: Player
  readonly close: () => Promise<void>
}

type Options = {
  readonly system: System
  readonly recorder: Recorder
  readonly random: Random
  readonly apps: number
  readonly devices: number
  /** How many of the devices have a connection of their own. */
  readonly connected: number
}

const PRIMED_MS = 30_000
const SIGN_OUT_PAUSE_MS = 1500

/** Makes accounts, devices and a gateway, connects them, and lets the feed be followed from the first change on. */
export const gather = async (options: Options): Promise<Cast> => {
  const { system, recorder, random } = options
  const clientOf = (name: string): Client => ({ name, system, recorder, random: random.fork(name) })
  const maker = await signInMaker(clientOf('maker'))
  const names = Array.from({ length: options.apps }, (_, place) => `app${place}`)
  const apps: App[] = []
  for (const name of names) apps.push(await makeApp(clientOf(name)))
  for (const name of ['leaver', 'full']) await makeApp(clientOf(name))

  const box = await makeDevice(maker, 'gateway', true)
  const gateway = connectGateway(clientOf('gateway'), box)
  const speakers: Speaker[] = [gateway]
  const players: Player[] = []
  for (let place = 0; place <= options.devices; place++) {
    const device = await makeDevice(maker, `device-${place}`)
    let speaker = gateway
    if (place < options.connected) {
      speaker = connectDevice(clientOf(device.name), device)
      speakers.push(speaker)
    }
    players.push({ device, speaker, owner: undefined })
  }
  const spare = players.pop() as Player
  const feed = await primed(clientOf('feed'), maker, spare, apps[0] as App)
  const leaver = keepSigningOut(clientOf('leaver'), 'leaver@example.com', SIGN_OUT_PAUSE_MS)
  return {
    ...{ maker, apps, players, spare },
    async close() {
      await leaver.stop()
      await Promise.all(speakers.map(({ close }) => close()))
      await feed.close()
    },
  }
}

/** A feed has no place before its first event: changes are made until it has heard of one, and so hears of all later ones. */
const primed = async (client: Client, maker: App, spare: Player, app: App): Promise<Feed> => {
  const progress: Progress = { claims: 0, acknowledged: 0 }
  const feed = followFeed({ ...maker, ...client })
  const isThere = feed.first
  let isDone = false
  void isThere.then(() => {
    isDone = true
  })
  const until = performance.now() + PRIMED_MS
  while (!isDone) {
    if (performance.now() > until) throw new Error('nothing comes on the feed')
    await takeTurn({ apps: [app], maker }, spare, progress, client.random)
    await Promise.race([isThere, new Promise((resolve) => setTimeout(resolve, 200))])
  }
  return feed
}
