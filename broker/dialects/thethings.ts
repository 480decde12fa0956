import { parseJson } from '../../shared/check.ts'
import {
  activatedBody,
  CODE_REFUSED,
  errorBody,
  linkBody,
  linkOf,
  readValues,
  refusalBody,
  writtenBody,
} from '../../shared/dialects/thethings.ts'
import { thingIdOf } from '../../shared/guard/digests.ts'
import { type Connection, deliver, inOrder } from '../connection.ts'
import type { BrokerContext, MqttDialect, OpenTopics, Verdict } from '../dialect.ts'

/** A thing's own topic, and that of its link: exactly, so never a filter. */
const THING = /^v2\/things\/([A-Za-z0-9_-]{43})(\/link-id)?$/
/** A thing asks to be activated by subscribing; the last level is its own (research/mode_thethings_thingful.md 2.4). */
const ACTIVATION = /^v2\/activations\/([^/+#]{1,128})\/[^/+#]{1,128}$/

const tokenIn = (topic: string): string | undefined => THING.exec(topic)?.[1]
const isLink = (topic: string): boolean => THING.exec(topic)?.[2] !== undefined

/** The topics of one kind that a connection listens to, while the credential in them is good. */
const heardTopics = async (
  { registry }: BrokerContext,
  { subscribed, device: id }: Connection,
  isWanted: (topic: string) => boolean,
): Promise<readonly string[]> => {
  const topics: string[] = []
  for (const topic of [...subscribed.keys()].filter(isWanted)) {
    const token = tokenIn(topic)
    const device = token === undefined ? undefined : await registry.devices.findByToken(token)
    if (device?.id === id) topics.push(topic)
  }
  return topics
}

const link = async (
  { engine, log }: BrokerContext,
  connection: Connection,
  payload: Uint8Array,
  topic: string,
): Promise<Verdict> => {
  const body = linkOf(parseJson(payload))
  if (!body.ok) {
    const words = 'linkId is required, of 1 to 256 characters'
    await deliver(connection, topic, errorBody(400, words), log)
    return 'malformed'
  }
  const { project, device } = connection
  const { linkId } = body.value
  const outcome = await inOrder(connection, () =>
    engine.linkByDevice({ project, device, linkId, via: 'thethings' }),
  )
  // What has just been linked is told by its notice, as it is to the half that came first.
  if (outcome.state !== 'claimed' || !outcome.fresh)
    await deliver(connection, topic, linkBody(outcome, 'app', thingIdOf(device)), log)
  return 'acknowledged'
}

const write = async (
  { registry }: BrokerContext,
  connection: Connection,
  payload: Uint8Array,
): Promise<Verdict> => {
  const values = readValues(parseJson(payload))
  if (values === undefined) return 'malformed'
  const { project, device } = connection
  const written = await inOrder(connection, () =>
    registry.values.write({ project, device }, values),
  )
  return writtenBody(written).status === 'error' ? 'malformed' : 'acknowledged'
}

const openTopics: OpenTopics = {
  tokenIn,
  publish: (context, connection, payload, topic) =>
    isLink(topic) ? link(context, connection, payload, topic) : write(context, connection, payload),
  onGranted: async ({ registry }, connection, topic) => {
    if (isLink(topic) || connection.inboxPlace !== undefined) return
    const { project, device: id } = connection
    connection.inboxPlace = await registry.values.endOf('inbox', { project, id })
  },
  isQuestion: (topic) => ACTIVATION.test(topic),
  answer: async ({ registry }, topic) => {
    const code = ACTIVATION.exec(topic)?.[1] ?? ''
    const made = await registry.activationCodes.activate(code)
    if (made === undefined) return { body: CODE_REFUSED, isWrong: true }
    return { body: activatedBody(made.token, made.device.thingId), isWrong: false }
  },
}

/** thethings.io's topics, in which the thing's token is the credential: research/mode_thethings_thingful.md 2.4. */
export const thethings: MqttDialect = {
  name: 'thethings',
  publishes: new Map(),
  subscribes: new Set(),
  openTopics,
  onInbox: (context, connection) =>
    inOrder(connection, async () => {
      const { values, devices } = context.registry
      const device = await devices.get(connection.project, connection.device)
      if (device === undefined || connection.inboxPlace === undefined) return
      const heard = await values.after('inbox', device, connection.inboxPlace)
      connection.inboxPlace = heard.place
      if (heard.values.length === 0) return
      const topics = await heardTopics(context, connection, (topic) => !isLink(topic))
      for (const topic of topics)
        await deliver(connection, topic, { values: heard.values }, context.log)
    }),
  onNotice: async (context, connection, { owner, offer, epoch, refused: reason }, device) => {
    if (offer === undefined || epoch !== device.epoch) return
    const body =
      reason === undefined
        ? { status: 'success', message: 'linked', thingId: device.thingId }
        : refusalBody({ reason })
    if (reason === undefined && owner === undefined) return
    for (const topic of await heardTopics(context, connection, isLink))
      await deliver(connection, topic, body, context.log)
  },
}
