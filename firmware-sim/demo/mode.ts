import { fields, number, text } from '../json.ts'
import { addByCode, beginProvisioning, openModeApp, sendCommand } from '../platforms/mode-app.ts'
import {
  enableClaimMode,
  listenOverMqtt,
  listenOverSocket,
  provisionMode,
} from '../platforms/mode-device.ts'
import { newSecret } from '../secret.ts'
import type { Cast } from './scenes.ts'
import { must, type Stage } from './stage.ts'

const V1 = '/latchkey/v1'

/** A project of the maker's, and the app of somebody who has an account there. */
const project = async ({ maker, http }: Cast, name: string, provisioning: 'pre' | 'on-demand') => {
  const post = (path: string, body: unknown) =>
    maker.send({ method: 'POST', path: `${V1}${path}`, body })
  const made = await post('/projects', { name, accounts: 'email', provisioning })
  const projectId = number(fields(made.body), 'number')
  must(projectId !== undefined, `the maker should be able to found ${name}`)
  const who = { email: `emma@${name}.example`, password: newSecret() }
  await post('/users', { ...who, project: name })
  const app = await openModeApp(http, { ...who, projectId })
  must(app !== undefined, 'Emma should be signed in, with a home')
  return { app, post }
}

/** The code on the label, and the button that puts the device into claim mode. */
export const claimMode = async ({ says }: Stage, cast: Cast) => {
  const { app, post } = await project(cast, 'sprinklers', 'pre')
  const claimCode = newSecret()
  const made = await post('/devices', { name: 'sprinkler', claimCode, project: 'sprinklers' })
  const [id, key] = [number(fields(made.body), 'number'), text(fields(made.body), 'token')]
  must(id !== undefined && key !== undefined, 'the maker should be able to create the sprinkler')
  const early = await addByCode(app, claimCode)
  must('reason' in early && early.reason === 'DEVICE_NOT_CLAIMABLE', 'the code alone should not do')
  says("Emma's app", 'gateway', 'POST /devices with the printed code: DEVICE_NOT_CLAIMABLE')
  const until = await enableClaimMode(cast.http, { id, key }, 300)
  must(until !== undefined, 'the sprinkler should be in claim mode')
  says('sprinkler', 'gateway', 'POST /deviceRegistration: its button was pressed, for 300 s')
  const added = await addByCode(app, claimCode)
  must('device' in added && added.device === id, 'the sprinkler should be hers')
  says("Emma's app", 'gateway', 'POST /devices with the printed code: 201')
  const sprinkler = await listenOverMqtt(cast.mqtt, { id, key })
  try {
    must((await sendCommand(app, id, 'sprinkler-on')) === 204, 'it should be given the command')
    const { action } = await sprinkler.next()
    says('broker', 'sprinkler', `/devices/${id}/command: ${action}`)
  } finally {
    await sprinkler.close()
  }
}

/** A token by way of the phone, and a device that nobody registered. */
export const modeOnDemand = async ({ says }: Stage, cast: Cast) => {
  const { app } = await project(cast, 'buttons', 'on-demand')
  const token = await beginProvisioning(app, 'button')
  must(token !== undefined, 'Emma should get a token')
  says("Emma's app", 'gateway', 'POST /homes/{id}/deviceProvisioning: a token, good for one')
  const button = await provisionMode(cast.http, token)
  must(button !== undefined, 'a button should come into being')
  says('new button', 'gateway', 'POST /devices with the token: its number and its own key')
  const listening = await listenOverSocket(cast.http, button)
  try {
    must((await sendCommand(app, button.id, 'blink')) === 204, 'it should be given the command')
    const { action } = await listening.next()
    says('gateway', 'button', `WebSocket /devices/${button.id}/command: ${action}`)
  } finally {
    await listening.close()
  }
  const again = await provisionMode(cast.http, token)
  must(again === undefined, 'the token should be used up')
  says('another button', 'gateway', 'with the same token: refused')
}
