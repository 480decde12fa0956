import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { VERSION } from '../../shared/version.ts'
import { answerWith } from '../web/answer.ts'
import { type Asset, assetOf } from '../web/assets.ts'
import { describeMessages } from './asyncapi.ts'
import type { Calls } from './call.ts'
import type { Channels } from './channel.ts'
import { describeHttp } from './openapi.ts'
import type { Route } from './routes.ts'

/** What a dialect tells of itself: its calls, its topics and streams, and the shapes in them that have a name. */
export type Described = {
  readonly calls: Calls
  readonly channels: Channels
  readonly shapes: Readonly<Record<string, TSchema>>
}

type Options = {
  readonly dialects: readonly { readonly name: string; readonly described?: Described }[]
  /** Every route there is by the time somebody asks. */
  readonly routes: readonly Route[]
  /** Calls that are no dialect's. */
  readonly common: Calls
}

const TYPE = 'application/json; charset=utf-8'

/** `/openapi.json` and `/asyncapi.json`, written when somebody asks for the first time. */
export const serveDescriptions = (
  app: FastifyInstance,
  { dialects, routes, common }: Options,
): void => {
  const told = dialects.flatMap(({ described }) => described ?? [])
  const calls: Calls = Object.assign({}, ...told.map((one) => one.calls), common)
  const channels: Channels = Object.assign({}, ...told.map((one) => one.channels))
  const shapes: Described['shapes'] = Object.assign({}, ...told.map((one) => one.shapes))
  const names = dialects.map(({ name }) => name)

  const serve = (path: string, describe: () => object): void => {
    let asset: Promise<Asset> | undefined
    app.get(path, async (request: FastifyRequest, reply: FastifyReply) => {
      asset ??= assetOf(TYPE, Buffer.from(JSON.stringify(describe())))
      return answerWith(await asset)(request, reply)
    })
  }

  serve('/openapi.json', () =>
    describeHttp({ routes, calls, shapes, dialects: names, version: VERSION }),
  )
  serve('/asyncapi.json', () => describeMessages({ channels, shapes, version: VERSION }))
}
