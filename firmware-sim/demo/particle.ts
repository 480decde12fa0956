import { randomBytes } from 'node:crypto'
import { httpSender } from '../http.ts'
import { fields, text } from '../json.ts'
import { createPhoton } from '../platforms/particle-photon.ts'
import { serveHttp } from '../platforms/particle-softap.ts'
import { newSecret } from '../secret.ts'
import type { Cast } from './scenes.ts'
import { must, type Stage } from './stage.ts'

/** An account of Particle's API, signed in as its clients do it. */
const account = async (http: string) => {
  const who = { username: 'dora@demo.example', password: newSecret() }
  const made = await httpSender({ url: http })({ method: 'POST', path: '/v1/users', body: who })
  must(made.status === 200, `Dora should get an account: ${made.status}`)
  const reply = await fetch(`${http}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'password', client_id: 'particle', client_secret: 'particle' },
      ...who,
    }),
  })
  const token = text(fields(await reply.json()), 'access_token')
  must(token !== undefined, 'Dora should get a token')
  return httpSender({ url: http, headers: { authorization: `Bearer ${token}` } })
}

/** A phone fetches a code, hands it to a Photon over the Photon's own network, and the Photon brings it. */
export const photonSetup = async ({ says }: Stage, cast: Cast) => {
  const send = await account(cast.http)
  const id = randomBytes(12).toString('hex')
  const body = { name: `photon-${id.slice(0, 4)}`, ids: { particle: id } }
  const made = await cast.maker.send({ method: 'POST', path: '/latchkey/v1/devices', body })
  const token = text(fields(made.body), 'token')
  must(token !== undefined, 'the maker should be able to create a photon')
  const claim = await send({ method: 'POST', path: '/v1/device_claims', body: {} })
  const code = text(fields(claim.body), 'claim_code')
  must(code?.length === 63, 'a claim code should have 63 characters')
  says("Dora's phone", 'gateway', 'POST /v1/device_claims: 63 characters, good once')
  const photon = createPhoton({ id, token, url: cast.mqtt })
  const softAp = await serveHttp(photon)
  try {
    const phone = httpSender({ url: `http://${softAp.host}:${softAp.port}` })
    await phone({ method: 'POST', path: '/set', body: { k: 'cc', v: code } })
    says("Dora's phone", 'photon', 'over its own Wi-Fi: POST /set {"k":"cc",…}: r 0')
    await phone({ method: 'POST', path: '/connect-ap', body: { idx: 0 } })
    const { confirmed } = await photon.online
    must(confirmed, 'the photon should be confirmed')
    says('photon', 'broker', 'spark/device/claim/code: "this is what I was given"')
    says('broker', 'photon', 'spark/device/claim/confirm')
    const listed = (await send({ method: 'GET', path: '/v1/devices' })).body
    must(Array.isArray(listed) && text(fields(listed[0]), 'id') === id, 'it should be Dora’s')
    says("Dora's phone", 'gateway', `GET /v1/devices: ${id}`)
  } finally {
    await photon.close()
    await softAp.close()
  }
}
