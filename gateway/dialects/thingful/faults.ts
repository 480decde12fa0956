import type { FastifyReply } from 'fastify'
import { retryAfterSeconds } from '../../problem.ts'

/** The one content type of every answer, without parameters: seed 001. */
const JSON_API = 'application/vnd.api+json'

type Row = readonly [status: number, title: string, detail: string]

/** What goes wrong, as JSON:API errors: research/mode_thethings_thingful.md 3.1. */
const FAULTS = {
  malformed: [400, 'Bad Request', 'The body is not JSON.'],
  'bad-request': [400, 'Bad Request', 'The request cannot be read.'],
  'wrong-credentials': [401, 'Unauthorized', 'The username or the password is wrong.'],
  'not-signed-in': [401, 'Unauthorized', 'A good token is needed, as Authorization: Bearer.'],
  'wrong-method': [405, 'Method Not Allowed', 'This method does nothing here.'],
  'too-large': [413, 'Payload Too Large', 'The body is too large.'],
  'wrong-type': [415, 'Unsupported Media Type', 'The body has to be JSON.'],
  invalid: [422, 'Invalid Request', 'This has to be a string.'],
  'too-many': [429, 'Too Many Requests', 'Too many sign-ins.'],
  internal: [500, 'Unexpected Error', 'Something went wrong here.'],
  unavailable: [503, 'Service Unavailable', 'Try again in a moment.'],
} as const satisfies Record<string, Row>

/** Why a request was refused. */
export type Fault = keyof typeof FAULTS

type More = {
  readonly retryAfterMs?: number | undefined
  /** The method that is good here. */
  readonly allow?: string
  /** JSON pointers to the members that are at fault; each gets an error of its own. */
  readonly pointers?: readonly string[]
}

/** Answers with a document. A Buffer, because a charset would be added to a text. */
export const sendDocument = (reply: FastifyReply, document: unknown): FastifyReply =>
  reply.type(JSON_API).send(Buffer.from(JSON.stringify(document)))

/** Answers with an errors document. Never carries what was sent to us. */
export const refuse = (
  reply: FastifyReply,
  fault: Fault,
  { retryAfterMs, allow, pointers }: More = {},
): FastifyReply => {
  const [code, title, detail] = FAULTS[fault]
  const error = { status: String(code), title, detail }
  if (code === 401) reply.header('www-authenticate', 'Bearer')
  if (retryAfterMs !== undefined) reply.header('retry-after', retryAfterSeconds(retryAfterMs))
  if (allow !== undefined) reply.header('allow', allow)
  const errors = pointers?.map((pointer) => ({ ...error, source: { pointer } })) ?? [error]
  return sendDocument(reply.code(code), { errors })
}
