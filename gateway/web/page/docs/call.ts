import { hearing, make } from '../../widget/dom.ts'
import { nameIn, type OpenApi, type Operation, type Response, type Schema } from './document.ts'
import { curlFor } from './sample.ts'
import { member, shape } from './shape.ts'
import { line, paragraphs } from './text.ts'

const WAYS: Readonly<Record<string, string>> = {
  session: 'an account',
  projectKey: 'a project key',
  ticket: 'a ticket',
}

const callerOf = ({ security, 'x-role': role }: Operation): string => {
  if (role === 'maker') return 'a maker'
  const ways = security.flatMap((row) => Object.keys(row).map((name) => WAYS[name] ?? name))
  return ways.length === 0 ? 'anyone' : ways.join(' or ')
}

const isPathChosen = /(\{\w+\})/

/** A path; what is chosen in it is marked. */
const pathShown = (path: string) =>
  make(
    'code',
    { class: 'path' },
    ...path
      .split(isPathChosen)
      .map((part) => (isPathChosen.test(part) ? make('var', {}, part) : part)),
  )

const answer = (status: string, response: Response): HTMLElement => {
  const [type, content] = Object.entries(response.content ?? {})[0] ?? []
  const head = [
    make('span', { class: `status s${status[0]}` }, status),
    make('span', {}, ...line(response.description ?? '')),
    type === undefined || type === 'application/json'
      ? undefined
      : make('span', { class: 'media' }, type),
  ]
  if (content === undefined) return make('div', { class: 'answer' }, ...head)
  return make('details', { class: 'answer' }, make('summary', {}, ...head), shape(content.schema))
}

const refusals = ({ responses }: Operation, { components }: OpenApi): HTMLElement => {
  const rows = Object.entries(responses).filter(([, { $ref }]) => $ref !== undefined)
  return make(
    'p',
    { class: 'refusals' },
    ...rows.map(([status, { $ref = '' }]) =>
      make(
        'a',
        {
          class: `status s${status[0]}`,
          href: '#shape-Problem',
          title: components.responses[nameIn($ref)]?.description,
        },
        status,
      ),
    ),
  )
}

const bodyTitle = (type: string, { anyOf }: Schema): string => {
  const form = type === 'application/json' ? 'Body' : `Body, ${type}`
  return anyOf === undefined ? form : `${form}: one of`
}

const copying = (text: string): HTMLElement => {
  const button = make('button', { type: 'button', class: 'copy' }, 'Copy')
  hearing(button, {
    click: () => {
      navigator.clipboard.writeText(text).then(
        () => {
          button.textContent = 'Copied'
        },
        () => {
          button.textContent = 'Select and copy'
        },
      )
    },
  })
  return make('div', { class: 'sample' }, button, make('pre', { tabindex: '0' }, text))
}

const part = (title: string, ...children: readonly (Node | undefined)[]): HTMLElement =>
  make('section', { class: 'part' }, make('h4', {}, title), ...children)

/** A call: what it is for, what it takes, what it answers. */
export const callView = (
  method: string,
  path: string,
  one: Operation,
  whole: OpenApi,
): HTMLElement => {
  const { operationId, summary, description, parameters = [], requestBody, responses } = one
  const body = Object.entries(requestBody?.content ?? {})[0]
  const answers = Object.entries(responses).filter(([, { $ref }]) => $ref === undefined)
  return make(
    'article',
    { id: operationId },
    make('h3', {}, make('a', { href: `#${operationId}` }, summary)),
    make(
      'p',
      { class: 'place' },
      make('span', { class: `method ${method}` }, method.toUpperCase()),
      pathShown(path),
      make('span', { class: 'by' }, `by ${callerOf(one)}`),
    ),
    ...paragraphs(description),
    parameters.length === 0
      ? undefined
      : part(
          'Parameters',
          make(
            'ul',
            { class: 'shape' },
            ...parameters.map(({ name, schema, required, description: about }) =>
              member(
                name,
                about === undefined ? schema : { ...schema, description: about },
                required === true,
              ),
            ),
          ),
        ),
    body === undefined
      ? undefined
      : part(bodyTitle(body[0], body[1].schema), shape(body[1].schema)),
    part('Answers', ...answers.map(([status, response]) => answer(status, response))),
    part('Refusals', refusals(one, whole)),
    make(
      'details',
      { class: 'example' },
      make('summary', {}, 'With curl'),
      copying(curlFor(location.origin, method, path, one)),
    ),
  )
}
