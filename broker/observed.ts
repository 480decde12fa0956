import type { Metrics } from '../shared/metrics.ts'
import { observed } from '../shared/observed.ts'
import type { Tracer } from '../shared/trace/tracer.ts'
import type { MqttDialect, OpenTopics, Provisioning } from './dialect.ts'

type Watched = { readonly metrics: Pick<Metrics, 'handled'>; readonly tracer?: Tracer | undefined }

/**
 * A dialect that says how long its publishes took, by row of topics. A topic with a credential in it is told by the dialect's
 * name alone.
 */
export const observeDialect = (dialect: MqttDialect, { metrics, tracer }: Watched): MqttDialect => {
  const watching = <Given extends unknown[], T>(
    topic: string,
    work: (...given: Given) => Promise<T>,
  ) => {
    const seen = {
      took: (seconds: number) => metrics.handled(topic, seconds),
      told: (verdict: T) => (typeof verdict === 'string' ? { 'latchkey.outcome': verdict } : {}),
    }
    const attributes = { 'messaging.system': 'mqtt', 'messaging.destination.template': topic }
    return (...given: Given): Promise<T> =>
      observed(tracer, `mqtt ${topic}`, 'consumer', attributes, seen, () => work(...given))
  }

  const { name, publishes, publishesBelow, openTopics, provisioning } = dialect
  const rows = <Handle extends (...given: never[]) => Promise<unknown>>(
    handlers: ReadonlyMap<string, Handle>,
  ): ReadonlyMap<string, Handle> =>
    new Map(
      [...handlers].map(([topic, handle]) => {
        const template = topic.endsWith('/') ? `${topic}+` : topic
        return [topic, watching(template, handle) as unknown as Handle]
      }),
    )
  const open = (topics: OpenTopics): OpenTopics => ({
    ...topics,
    publish: watching(`${name}, credential in the topic`, topics.publish),
  })
  const way = (one: Provisioning): Provisioning => ({
    ...one,
    redeem: watching(one.publishes, one.redeem),
  })
  return {
    ...dialect,
    publishes: rows(publishes),
    ...(publishesBelow === undefined ? {} : { publishesBelow: rows(publishesBelow) }),
    ...(openTopics === undefined ? {} : { openTopics: open(openTopics) }),
    ...(provisioning === undefined ? {} : { provisioning: way(provisioning) }),
  }
}
