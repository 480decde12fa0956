import { signIn } from '../app.ts'
import { connectDevice, presentCode, untilOwner } from '../device.ts'
import { fields, text } from '../json.ts'
import { provision } from '../provision.ts'
import { newSecret } from '../secret.ts'
import type { Cast } from './scenes.ts'
import { must, type Stage } from './stage.ts'

const V1 = '/latchkey/v1'

/** An account makes a code, and the device that it is given to brings it. */
export const claimCode = async ({ says }: Stage, cast: Cast) => {
  const body = { name: 'doorbell' }
  const made = await cast.maker.send({ method: 'POST', path: `${V1}/devices`, body })
  const token = text(fields(made.body), 'token')
  must(token !== undefined, 'the maker should be able to create doorbell')
  const reply = await cast.ann.send({ method: 'POST', path: `${V1}/claim-codes`, body: {} })
  const code = text(fields(reply.body), 'code')
  must(code !== undefined, 'Ann should get a code')
  says("Ann's app", 'gateway', 'POST /latchkey/v1/claim-codes: twelve characters, good once')
  const doorbell = await connectDevice({ url: cast.mqtt, token })
  try {
    // Typed on a small keypad: in small letters, without the dashes.
    const outcome = await presentCode(doorbell, code.toLowerCase().replaceAll('-', ''))
    must(outcome.state === 'claimed', `it should be claimed, but is ${JSON.stringify(outcome)}`)
    says('doorbell', 'broker', 'latchkey/v1/code: "somebody typed this into me"')
    says('broker', 'doorbell', `latchkey/v1/claim/result: claimed, epoch ${outcome.epoch}`)
    await untilOwner(doorbell)
    const path = `${V1}/claim-codes/${encodeURIComponent(code)}`
    const seen = fields((await cast.ann.send({ method: 'GET', path })).body)
    must(text(seen, 'state') === 'used', 'the code should be used')
    says("Ann's app", 'gateway', 'GET /latchkey/v1/claim-codes/…: used, by that device')
  } finally {
    await doorbell.close()
  }
}

/** An account makes a token, and a device that nobody registered comes into being for its home. */
export const onDemand = async ({ says }: Stage, cast: Cast) => {
  const space = { name: 'lamps', accounts: 'email', provisioning: 'on-demand' }
  const project = await cast.maker.send({ method: 'POST', path: `${V1}/projects`, body: space })
  must(project.status === 201, 'the maker should be able to found a project')
  const who = { email: 'carol@lamps.example', password: newSecret() }
  const user = { ...who, role: 'customer', project: 'lamps' }
  await cast.maker.send({ method: 'POST', path: `${V1}/users`, body: user })
  const carol = await signIn({ http: cast.http, ...who })
  const body = { deviceClass: 'lamp' }
  const reply = await carol.send({ method: 'POST', path: `${V1}/provisioning-tokens`, body })
  const token = text(fields(reply.body), 'token')
  must(token !== undefined, 'Carol should get a token')
  says("Carol's app", 'gateway', 'POST /latchkey/v1/provisioning-tokens: good for one lamp')
  const made = await provision({ url: cast.mqtt, token })
  must(made.state === 'made', `a lamp should come into being: ${JSON.stringify(made.state)}`)
  says('new lamp', 'broker', 'as "provision", latchkey/v1/provision: "this is what I was given"')
  says('broker', 'new lamp', 'latchkey/v1/provision/result: your id and your own credential')
  const lamp = await connectDevice({ url: cast.mqtt, token: made.token })
  try {
    await untilOwner(lamp)
    says('broker', 'lamp', 'latchkey/v1/owner: you have an owner, from the start')
  } finally {
    await lamp.close()
  }
  const again = await provision({ url: cast.mqtt, token })
  must(again.state === 'refused', 'the token should be used up')
  says('broker', 'another lamp', `with the same token: ${again.reason}`)
}
