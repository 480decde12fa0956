import { hearing, make } from '../widget/dom.ts'
import { callView } from './docs/call.ts'
import { channelView } from './docs/channel.ts'
import type { AsyncApi, OpenApi } from './docs/document.ts'
import { createSearch } from './docs/search.ts'
import { shape } from './docs/shape.ts'
import { paragraphs } from './docs/text.ts'

type Topic = {
  readonly title: string
  readonly about?: readonly Node[]
  readonly articles: readonly HTMLElement[]
}

const place = <E extends HTMLElement>(id: string): E => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no place ${id}`)
  return found as E
}

const read = async <T>(path: string): Promise<T> => {
  const reply = await fetch(path)
  if (!reply.ok) throw new Error(`${path}: ${reply.status}`)
  return (await reply.json()) as T
}

const calls = (whole: OpenApi): Topic[] =>
  whole.tags
    .filter(({ externalDocs }) => externalDocs === undefined)
    .map(({ name }) => ({
      title: name,
      articles: Object.entries(whole.paths).flatMap(([path, methods]) =>
        Object.entries(methods)
          .filter(([, one]) => one.tags.includes(name))
          .map(([method, one]) => callView(method, path, one, whole)),
      ),
    }))

const messages = (whole: AsyncApi): Topic => ({
  title: 'Devices, over MQTT',
  about: paragraphs(whole.info.description),
  articles: Object.keys(whole.channels).flatMap((name) => channelView(name, whole) ?? []),
})

const shapes = ({ components }: OpenApi): Topic => ({
  title: 'Shapes',
  articles: Object.entries(components.schemas).map(([name, schema]) =>
    make(
      'article',
      { id: `shape-${name}` },
      make('h3', {}, make('a', { href: `#shape-${name}` }, name)),
      ...paragraphs(schema.description),
      shape(schema),
    ),
  ),
})

const platforms = ({ tags }: OpenApi): HTMLElement | undefined => {
  const linked = tags.flatMap(({ name, externalDocs }) =>
    externalDocs === undefined ? [] : [make('a', { href: externalDocs.url }, name)],
  )
  if (linked.length === 0) return undefined
  const names = linked.flatMap((link, at) => (at === 0 ? [link] : [', ', link]))
  return make('p', {}, 'At their original paths the APIs of ', ...names, ' are served too.')
}

const section = ({ title, about = [], articles }: Topic): HTMLElement =>
  make('section', { class: 'topic' }, make('h2', {}, title), ...about, ...articles)

const contents = ({ title, articles }: Topic): HTMLElement =>
  make(
    'section',
    {},
    make('h2', {}, title),
    make(
      'ul',
      {},
      ...articles.map((article) => {
        const name = article.querySelector('h3')?.textContent ?? article.id
        return make('li', {}, make('a', { href: `#${article.id}` }, name))
      }),
    ),
  )

/** What the address names, once it is there. */
const goToHash = (): void => {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null
  target?.scrollIntoView()
}

const show = (http: OpenApi, mqtt: AsyncApi): void => {
  const topics = [...calls(http), messages(mqtt), shapes(http)]
  const main = place('main')
  const nav = place('nav')
  main.replaceChildren(
    make(
      'div',
      { class: 'hero' },
      make('h1', {}, 'Whose device is this?'),
      ...paragraphs(http.info.description.replace(/^Whose device is this\? /, '')),
      platforms(http),
      make('p', { class: 'version' }, `Version ${http.info.version}`),
    ),
    ...topics.map(section),
  )
  nav.replaceChildren(...topics.map(contents))
  const search = createSearch(main, nav)
  const query = place<HTMLInputElement>('query')
  const look = () => {
    const left = search(query.value)
    place('found').textContent = query.value === '' ? '' : `${left} found`
  }
  hearing(query, { input: look })
  hearing(place('search'), {
    submit: (event) => {
      event.preventDefault()
      main.querySelector('article:not([hidden])')?.scrollIntoView()
    },
  })
  goToHash()
}

const narrow = matchMedia('(max-width: 55.99rem)')
const contentsBox = place<HTMLDetailsElement>('contents')
contentsBox.open = !narrow.matches
hearing(contentsBox, {
  click: (event) => {
    if (narrow.matches && event.target instanceof HTMLAnchorElement) contentsBox.open = false
  },
})
narrow.addEventListener('change', () => {
  contentsBox.open = !narrow.matches
})

Promise.all([read<OpenApi>('/openapi.json'), read<AsyncApi>('/asyncapi.json')]).then(
  ([http, mqtt]) => show(http, mqtt),
  () => {
    place('main').replaceChildren(
      make('p', { class: 'notice bad' }, 'The documents cannot be read now. Load the page again.'),
    )
  },
)
