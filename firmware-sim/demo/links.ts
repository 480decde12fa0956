import { fields, text } from '../json.ts'
import type { Cast } from './scenes.ts'
import { must, type Stage } from './stage.ts'

type Said = { readonly message: string | undefined; readonly thingId: string | undefined }

/** A scale whose Wi-Fi name is the shared id: research/mode_thethings_thingful.md 2.3. */
const scale = async (cast: Cast, name: string) => {
  const reply = await cast.maker.send({
    method: 'POST',
    path: '/latchkey/v1/devices',
    body: { name },
  })
  const token = text(fields(reply.body), 'token')
  const thingId = text(fields(reply.body), 'thingId')
  must(token !== undefined && thingId !== undefined, `the maker should be able to create ${name}`)
  const linkId = `SSID-${thingId.slice(0, 8)}`
  const say = async (path: string): Promise<Said> => {
    const said = await cast.ann.send({ method: 'POST', path, body: { linkId } })
    const members = fields(said.body)
    return { message: text(members, 'message'), thingId: text(members, 'thingId') }
  }
  return {
    thingId,
    linkId,
    app: () => say('/v2/me/things/link-id'),
    thing: () => say(`/v2/things/${token}/link-id`),
  }
}

/** The app comes first, then the thing. */
export const appFirst = async ({ says }: Stage, cast: Cast) => {
  const { thingId, linkId, app, thing } = await scale(cast, 'scale-1')
  must((await app()).message === 'waiting for thing', 'the app should wait')
  says("Ann's app", 'gateway', `POST /v2/me/things/link-id ${linkId}: waiting for thing`)
  const linked = await thing()
  must(linked.message === 'linked' && linked.thingId === thingId, 'the thing should be linked')
  says('scale', 'gateway', `POST /v2/things/…/link-id ${linkId}: linked`)
  must((await app()).thingId === thingId, 'the app should hear it by asking again')
  says("Ann's app", 'gateway', 'asks again: linked')
}

/** The thing comes first, then the app. */
export const thingFirst = async ({ says }: Stage, cast: Cast) => {
  const { thingId, linkId, app, thing } = await scale(cast, 'scale-2')
  must((await thing()).message === 'waiting for app', 'the thing should wait')
  says('scale', 'gateway', `POST /v2/things/…/link-id ${linkId}: waiting for app`)
  const linked = await app()
  must(linked.message === 'linked' && linked.thingId === thingId, 'the app should be linked')
  says("Ann's app", 'gateway', `POST /v2/me/things/link-id ${linkId}: linked`)
}
