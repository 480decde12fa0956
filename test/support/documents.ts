import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type Api, api, type Reply } from './api.ts'

type Response = {
  readonly $ref?: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}
export type Operation = {
  readonly operationId: string
  readonly security: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, Response>>
  readonly 'x-role'?: string
}
export type OpenApi = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly responses: Readonly<Record<string, Response>> }
}
export type AsyncApi = {
  readonly channels: Readonly<
    Record<string, { readonly address: string; readonly servers: readonly { $ref: string }[] }>
  >
  readonly operations: Readonly<Record<string, { readonly action: 'send' | 'receive' }>>
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> }
}

/** A document of a running server. */
export const documentAt = async <T>(httpUrl: string, path: string): Promise<T> => {
  const reply = await fetch(`${httpUrl}${path}`)
  if (reply.status !== 200) throw new Error(`${path}: ${reply.status}`)
  return (await reply.json()) as T
}

/** Compiles what stands at a JSON Pointer of a document. */
export const schemasOf = (document: object) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')
  const known = new Map<string, ValidateFunction>()
  const at = (...path: readonly string[]): ValidateFunction => {
    const pointer = path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    const present = known.get(pointer)
    if (present !== undefined) return present
    const $ref = `document#/${encodeURI(pointer).replaceAll('#', '%23')}`
    const made = ajv.compile({ $ref })
    known.set(pointer, made)
    return made
  }
  /** What is wrong with a value; nothing if it is right. */
  return (value: unknown, ...path: readonly string[]): readonly string[] => {
    const validate = at(...path)
    return validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

const matches = (template: string, path: string): boolean => {
  // `{code}` stands for the rest of its path.
  const pattern = template.replace(/\{(\w+)\}/g, (_, name) => (name === 'code' ? '.+' : '[^/]+'))
  return new RegExp(`^${pattern}$`).test(path)
}

/** Holds every reply of a server to its description. */
export const contractOf = (document: OpenApi) => {
  const faultsOf = schemasOf(document)
  const seen = new Set<string>()

  const find = (method: string, path: string) => {
    const place = path.split('?')[0] ?? ''
    const templates = Object.keys(document.paths).filter(
      (template) => document.paths[template]?.[method] && matches(template, place),
    )
    // What is spelled out counts more than what is chosen.
    return templates.sort((a, b) => a.split('{').length - b.split('{').length)[0]
  }

  const pathTo = (template: string, method: string, status: string): string[] => {
    const { $ref } = document.paths[template]?.[method]?.responses[status] ?? {}
    return $ref === undefined
      ? ['paths', template, method, 'responses', status]
      : $ref.slice(2).split('/')
  }

  const bodiesIn = (type: string, { text, body }: Reply): readonly unknown[] => {
    if (type === 'application/x-ndjson')
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    return [type === 'text/plain' ? text : body]
  }

  /** What of a reply the description does not say. */
  const faultsIn = (method: string, path: string, reply: Reply): readonly string[] => {
    const template = find(method, path)
    if (template === undefined) return [`${method} ${path} is not described`]
    const status = String(reply.status)
    const where = pathTo(template, method, status)
    const response = where.reduce<unknown>(
      (part, name) => (part as Record<string, unknown> | undefined)?.[name],
      document,
    ) as Response | undefined
    const place = `${method} ${template} ${status}`
    if (response === undefined) return [`${place} is not described`]
    seen.add(place)
    const location = response.headers?.Location !== undefined
    if (location && !reply.headers.has('location')) return [`${place} has no Location`]
    if (response.content === undefined) return reply.text === '' ? [] : [`${place} has a body`]
    const type = (reply.headers.get('content-type') ?? '').split(';')[0] ?? ''
    if (response.content[type] === undefined) return [`${place} comes as ${type}`]
    return bodiesIn(type, reply).flatMap((body) =>
      faultsOf(body, ...where, 'content', type, 'schema').map((fault) => `${place}: ${fault}`),
    )
  }

  return { faultsIn, seen: seen as ReadonlySet<string> }
}

export type Contract = ReturnType<typeof contractOf>

/** The native API for an account; a reply that is not as described fails the test. */
export const heldTo = (contract: Contract, httpUrl: string, who: { token?: string } = {}): Api => {
  const plain = api(httpUrl, who.token === undefined ? {} : { token: who.token })
  const check = async (method: string, path: string, reply: Promise<Reply>): Promise<Reply> => {
    const came = await reply
    const faults = contract.faultsIn(method, path, came)
    if (faults.length > 0) throw new Error(`${faults.join('\n')}\n${came.text}`)
    return came
  }
  return {
    token: plain.token,
    get: (path, more) => check('get', path, plain.get(path, more)),
    post: (path, body, more) => check('post', path, plain.post(path, body, more)),
    put: (path, body) => check('put', path, plain.put(path, body)),
    patch: (path, body) => check('patch', path, plain.patch(path, body)),
    delete: (path) => check('delete', path, plain.delete(path)),
  }
}
