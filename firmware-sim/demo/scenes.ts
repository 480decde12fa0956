import {
  claimOverHttp,
  createDevice,
  explainOverHttp,
  releaseOverHttp,
  type SimApp,
} from '../app.ts'
import { connectDevice, hear, openWindow, type SimDevice, untilOwner } from '../device.ts'
import { connectGateway } from '../gateway.ts'
import { fields, text } from '../json.ts'
import type { ClaimOutcome, Heard } from '../platforms/platform.ts'
import { newSecret } from '../secret.ts'
import { must, type Stage } from './stage.ts'

/** Who plays: the maker and two customers, on the native API and on ThingsBoard's. */
export type Cast = {
  readonly mqtt: string
  readonly http: string
  readonly maker: SimApp
  /** Signs in when asked, so that a missing platform harms only its own scenes. */
  readonly thingsboardMaker: () => Promise<SimApp>
  readonly ann: SimApp
  readonly bob: SimApp
  readonly thingsboardBob: () => Promise<SimApp>
}

const HOUR_MS = 3_600_000
type Result = Extract<Heard, { kind: 'result' }>
const isClaimed = (heard: Heard): heard is Result =>
  heard.kind === 'result' && heard.state === 'claimed'

const made = async (maker: SimApp, name: string, gateway = false) => {
  const outcome = await createDevice(maker, gateway ? { name, gateway } : { name })
  must(outcome.state === 'done', `the maker should be able to create ${name}`)
  return outcome.value
}

const claimed = (outcome: ClaimOutcome): number | undefined => {
  must(outcome.state === 'claimed', `it should be claimed, but is ${JSON.stringify(outcome)}`)
  return outcome.epoch
}

const opened = async (sim: SimDevice, secret: string) => {
  const { state } = await openWindow(sim, { secret, durationMs: 60_000 })
  must(state !== 'refused', 'the window should open')
}

/** A device opens a window, an app claims it, the device is told. */
export const nativeWindow = async ({ says }: Stage, cast: Cast) => {
  const { token } = await made(cast.maker, 'lamp')
  const lamp = await connectDevice({ url: cast.mqtt, token })
  try {
    const secret = newSecret()
    await opened(lamp, secret)
    says(
      'lamp',
      'broker',
      'latchkey/v1/claim: "whoever knows this secret within a minute may have me"',
    )
    const told = hear(lamp, isClaimed)
    const epoch = claimed(await claimOverHttp(cast.ann, { device: 'lamp', secret }))
    says("Ann's app", 'gateway', 'POST /latchkey/v1/claims with the secret: 201 claimed')
    must((await told).epoch === epoch, 'the device should hear the epoch of the claim')
    says('broker', 'lamp', `latchkey/v1/claim/result: claimed, epoch ${epoch}`)
    await untilOwner(lamp)
    says('broker', 'lamp', 'latchkey/v1/owner: you have an owner')
  } finally {
    await lamp.close()
  }
}

/** The maker printed a key; the device is not even switched on. */
export const boxKey = async ({ says }: Stage, cast: Cast) => {
  const { id, token } = await made(cast.maker, 'kettle')
  const expiresAt = new Date(Date.now() + HOUR_MS).toISOString()
  const path = `/latchkey/v1/devices/${id}/box-key`
  const key = await cast.maker.send({ method: 'PUT', path, body: { expiresAt } })
  const secret = text(fields(key.body), 'secret')
  must(secret !== undefined, 'the maker should get the key once')
  says('maker', 'gateway', 'PUT …/box-key: "give me a key to print in the box"')
  claimed(await claimOverHttp(cast.ann, { device: 'kettle', secret }))
  says("Ann's app", 'gateway', 'claims with the printed key, while the kettle is off: claimed')
  const kettle = await connectDevice({ url: cast.mqtt, token })
  try {
    await untilOwner(kettle)
    says('broker', 'kettle', 'on its first connection: you have an owner')
  } finally {
    await kettle.close()
  }
}

/** ThingsBoard firmware and a ThingsBoard app, unchanged. */
export const thingsboardDevice = async ({ says }: Stage, cast: Cast) => {
  const { token } = await made(await cast.thingsboardMaker(), 'thermostat')
  const sim = await connectDevice({ platform: 'thingsboard', url: cast.mqtt, token })
  try {
    const secret = newSecret()
    await opened(sim, secret)
    says('thermostat', 'broker', 'v1/devices/me/claim {"secretKey":…,"durationMs":60000}')
    const bob = await cast.thingsboardBob()
    claimed(await claimOverHttp(bob, { device: 'thermostat', secret }))
    says("Bob's app", 'gateway', 'POST /api/customer/device/thermostat/claim: SUCCESS')
  } finally {
    await sim.close()
  }
}

/** A ThingsBoard gateway opens windows for devices that cannot speak for themselves. */
export const thingsboardGateway = async ({ says }: Stage, cast: Cast) => {
  const { token } = await made(await cast.thingsboardMaker(), 'hub', true)
  const hub = await connectGateway({ platform: 'thingsboard', url: cast.mqtt, token })
  try {
    const children = ['barn-1', 'barn-2'].map((device) => ({ device, secret: newSecret() }))
    await hub.openWindows(children)
    says('hub', 'broker', 'v1/gateway/claim {"barn-1":{…},"barn-2":{…}}')
    const bob = await cast.thingsboardBob()
    for (const child of children) {
      claimed(await claimOverHttp(bob, child))
      says("Bob's app", 'gateway', `claims ${child.device}: SUCCESS`)
    }
  } finally {
    await hub.close()
  }
}

/** A wrong secret and a device that is not there look the same; only the maker sees why. */
export const uniformRefusal = async ({ says }: Stage, cast: Cast) => {
  const { token } = await made(cast.maker, 'camera')
  const camera = await connectDevice({ url: cast.mqtt, token })
  try {
    await opened(camera, newSecret())
    const wrong = await claimOverHttp(cast.bob, { device: 'camera', secret: newSecret() })
    const absent = await claimOverHttp(cast.bob, { device: 'no-such', secret: newSecret() })
    must(wrong.state === 'refused' && absent.state === 'refused', 'both should be refused')
    must(
      wrong.status === absent.status && wrong.reason === absent.reason,
      'both should look the same',
    )
    says("Bob's app", 'gateway', `claims with a wrong secret: ${wrong.status} ${wrong.reason}`)
    says("Bob's app", 'gateway', `claims what does not exist: ${absent.status} ${absent.reason}`)
    must(wrong.attempt !== undefined, 'the refusal should name its attempt')
    const why = await explainOverHttp(cast.maker, wrong.attempt)
    must(why.state === 'done', 'the maker should get an explanation')
    must(JSON.stringify(why.value).includes('wrong-secret'), 'the maker should see the true reason')
    says('maker', 'gateway', `GET /latchkey/v1/claims/${wrong.attempt}/explain: wrong-secret`)
  } finally {
    await camera.close()
  }
}

/** A device changes hands: the epoch rises with every change. */
export const changeOfHands = async ({ says }: Stage, cast: Cast) => {
  const { token } = await made(cast.maker, 'radio')
  const radio = await connectDevice({ url: cast.mqtt, token })
  try {
    const first = newSecret()
    await opened(radio, first)
    const before = claimed(await claimOverHttp(cast.ann, { device: 'radio', secret: first })) ?? 0
    says("Ann's app", 'gateway', `claims: claimed, epoch ${before}`)
    await untilOwner(radio)
    const { state } = await releaseOverHttp(cast.ann, 'radio')
    must(state === 'done', 'the owner should be able to release')
    const freed = await untilOwner(radio, false)
    says("Ann's app", 'gateway', 'DELETE …/owner')
    says('broker', 'radio', `latchkey/v1/owner: you have none, epoch ${freed.epoch}`)
    const second = newSecret()
    await opened(radio, second)
    const after = claimed(await claimOverHttp(cast.bob, { device: 'radio', secret: second })) ?? 0
    says("Bob's app", 'gateway', `claims with a new secret: claimed, epoch ${after}`)
    must(after > before, 'the epoch should have risen')
  } finally {
    await radio.close()
  }
}
