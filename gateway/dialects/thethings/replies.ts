import type { FastifyReply } from 'fastify'

/** Answers with a body that may be an error: its `code` is the status then. */
export const sendBody = (
  reply: FastifyReply,
  body: { readonly status: string; readonly code?: number },
  status = 200,
): FastifyReply => reply.code(body.code ?? status).send(body)
