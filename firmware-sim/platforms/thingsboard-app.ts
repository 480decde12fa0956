import { isDone, type Reply, type Send } from '../http.ts'
import { fields, text } from '../json.ts'
import { type AppSide, type Listed, type Refusal, refusal } from './platform.ts'

// A refused claim is a bare JSON string, every other error an envelope: research/thingsboard.md 1.4.
const no = (reply: Reply): Refusal =>
  refusal(reply, typeof reply.body === 'string' ? reply.body : text(fields(reply.body), 'message'))

const claimPath = (device: string): string =>
  `/api/customer/device/${encodeURIComponent(device)}/claim`

// An id is `{entityType, id}` everywhere in this API.
const idOf = (from: unknown, member: string): string | undefined =>
  text(fields(fields(from)?.get(member)), 'id')

const listed = (item: unknown): Listed[] => {
  const id = idOf(item, 'id')
  return id === undefined ? [] : [{ id, name: text(fields(item), 'name') ?? id }]
}

const everyDevice = async (send: Send, path: string): Promise<readonly Listed[] | Refusal> => {
  const found: Listed[] = []
  for (let page = 0; ; page += 1) {
    const reply = await send({ method: 'GET', path: `${path}?pageSize=100&page=${page}` })
    if (!isDone(reply)) return no(reply)
    const data = fields(reply.body)?.get('data')
    if (Array.isArray(data)) found.push(...data.flatMap(listed))
    if (fields(reply.body)?.get('hasNext') !== true) return found
  }
}

/** ThingsBoard's REST API, as far as claiming needs it: research/thingsboard.md 1.4 and 1.6. */
export const thingsboardApp: AppSide = {
  authorize: (token) => ({ 'x-authorization': `Bearer ${token}` }),
  async signIn(send, { email, password }) {
    const body = { username: email, password }
    const reply = await send({ method: 'POST', path: '/api/auth/login', body })
    const token = text(fields(reply.body), 'token')
    return isDone(reply) && token !== undefined ? { state: 'done', value: token } : no(reply)
  },
  async claim(send, { device, secret }) {
    const body = { secretKey: secret }
    const reply = await send({ method: 'POST', path: claimPath(device), body })
    if (!isDone(reply)) return no(reply)
    const id = idOf(fields(reply.body)?.get('device'), 'id')
    return { state: 'claimed', id: undefined, device: id, epoch: undefined }
  },
  async release(send, device) {
    const reply = await send({ method: 'DELETE', path: claimPath(device) })
    return isDone(reply) ? { state: 'done', value: undefined } : no(reply)
  },
  async devices(send) {
    const me = await send({ method: 'GET', path: '/api/auth/user' })
    const customer = idOf(me.body, 'customerId')
    if (!isDone(me) || customer === undefined) return no(me)
    const found = await everyDevice(send, `/api/customer/${customer}/devices`)
    return 'state' in found ? found : { state: 'done', value: found }
  },
  async create(send, { name, gateway }) {
    // A gateway is told by a mark in the free-form part: research/thingsboard.md 1.1.
    const additionalInfo = gateway === true ? { gateway } : undefined
    const body = { name, type: 'default', additionalInfo }
    const made = await send({ method: 'POST', path: '/api/device', body })
    const id = idOf(made.body, 'id')
    if (!isDone(made) || id === undefined) return no(made)
    const got = await send({ method: 'GET', path: `/api/device/${id}/credentials` })
    const token = text(fields(got.body), 'credentialsId')
    return isDone(got) && token !== undefined ? { state: 'done', value: { id, token } } : no(got)
  },
}
