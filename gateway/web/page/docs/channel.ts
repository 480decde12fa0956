import { make } from '../../widget/dom.ts'
import { type AsyncApi, nameIn } from './document.ts'
import { shape } from './shape.ts'
import { paragraphs } from './text.ts'

const OVER: Readonly<Record<string, string>> = { mqtt: 'MQTT', http: 'SSE', ws: 'WebSocket' }

/** A topic or a stream: who speaks there, and what. */
export const channelView = (name: string, { channels, operations, components }: AsyncApi) => {
  const channel = channels[name]
  const operation = operations[`on_${name}`]
  const payload = components.messages[name]?.payload
  if (channel === undefined || payload === undefined) return undefined
  const over = OVER[nameIn(channel.servers[0]?.$ref ?? '')] ?? ''
  const isHeard = operation?.action === 'send'
  const answeredOn = nameIn(operation?.reply?.channel.$ref ?? '')
  return make(
    'article',
    { id: `topic-${name}` },
    make('h3', {}, make('a', { href: `#topic-${name}` }, channel.title)),
    make(
      'p',
      { class: 'place' },
      make('span', { class: `method ${isHeard ? 'get' : 'post'}` }, isHeard ? 'HEAR' : 'SAY'),
      make('code', { class: 'path' }, channel.address),
      make('span', { class: 'by' }, over),
    ),
    ...paragraphs(operation?.description),
    make('section', { class: 'part' }, make('h4', {}, 'Message'), shape(payload)),
    answeredOn === ''
      ? undefined
      : make(
          'p',
          {},
          'Answered on ',
          make('a', { href: `#topic-${answeredOn}` }, channels[answeredOn]?.address ?? answeredOn),
        ),
  )
}
